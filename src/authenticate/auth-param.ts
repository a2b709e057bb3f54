/**
 * A public key among the parameters of a header of its own: `X-Product-Auth: Product version=7, key=…` (a
 * scheme and RFC 9110's auth-params, unquoted). It names no project: the route's path does.
 * @module
 */

import { type Credential, type CredentialProblem, credentialLengthMax, present } from './credential.ts'

/** Reads the value of one header. */
export type ReadAuthParam = (value: string) => Credential | CredentialProblem

const parameterGrammar = /^([A-Za-z0-9_.-]+)=([^\s,"]*)$/
const keyGrammar = /^[A-Za-z0-9_]+$/

/** `scheme` in any case begins the value; `parameter`, in its own case, is the key. */
export function compileReadAuthParam(scheme: string, parameter: string): ReadAuthParam {
  const beginning = `${scheme.toLowerCase()} `
  return (value) => {
    if (value.length > credentialLengthMax) return { problem: 'the header is longer than any' }
    if (!value.toLowerCase().startsWith(beginning)) return { problem: `the header is not of «${scheme}»` }
    const parameters = readParameters(value.slice(beginning.length))
    if ('problem' in parameters) return parameters
    const key = parameters.get(parameter)
    if (key === undefined || !keyGrammar.test(key)) return { problem: `${parameter} is missing or malformed` }
    return present('auth-param', key)
  }
}

function readParameters(text: string): ReadonlyMap<string, string> | CredentialProblem {
  const parameters = new Map<string, string>()
  for (const part of text.split(',')) {
    const [, name, content] = parameterGrammar.exec(part.trim()) ?? []
    if (name === undefined || content === undefined) return { problem: 'a parameter is not name=value' }
    if (parameters.has(name)) return { problem: 'a parameter stands twice' }
    parameters.set(name, content)
  }
  return parameters
}
