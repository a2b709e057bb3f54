/**
 * An error as the log shows it: what is needed to find the fault, and none of the properties that drivers
 * hang on their errors (commands, parameters, rows), which may hold what nobody may read.
 * @module
 */

interface ErrorDescription {
  readonly name: string
  readonly message: string
  readonly code?: string
  readonly stack?: string
  readonly cause?: ErrorDescription
}

const causesMax = 4

/** Name, message, code, stack, and the same of its causes, four at the most. */
export function describeError(error: unknown): ErrorDescription {
  return describe(error, causesMax)
}

function describe(error: unknown, causesLeft: number): ErrorDescription {
  if (!(error instanceof Error)) return { name: typeof error, message: 'not an error object' }
  const { name, message, stack, cause } = error
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  return {
    name,
    message: withoutUser(message),
    ...(code !== undefined && { code }),
    ...(stack !== undefined && { stack: withoutUser(stack) }),
    ...(cause !== undefined && causesLeft > 0 && { cause: describe(cause, causesLeft - 1) }),
  }
}

/** A driver may quote the URL that it could not connect to, password included. */
function withoutUser(text: string): string {
  return text.replace(/:\/\/\S*@/g, '://«redacted»@')
}
