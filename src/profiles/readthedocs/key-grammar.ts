/**
 * `Authorization: Token <key>` as Django REST Framework API Key reads it: a keyword in any case, the first space, and
 * everything behind it, untrimmed.
 * @module
 */

import { credentialLengthMax, present } from '../../authenticate/credential.ts'
import type { ReadAuthorization } from '../../authenticate/extract-credential.ts'
import type { CredentialSource } from '../../config/schema/routes.ts'

type Keyword = 'token' | 'api-key'

/** Of the places that a route names, those that are keywords here. */
export function readKeyAfter(
  sources: readonly CredentialSource[],
): (value: string) => ReturnType<ReadAuthorization> {
  const keywords = sources.filter(isKeyword)
  return (value) => {
    const space = value.indexOf(' ')
    const keyword = keywords.find((each) => each === value.slice(0, Math.max(space, 0)).toLowerCase())
    const key = value.slice(space + 1)
    // What is empty or longer than any key is none there either, and no reason to refuse what everybody may read.
    if (keyword === undefined || key === '' || key.length > credentialLengthMax) return undefined
    return present(keyword, key)
  }
}

function isKeyword(source: CredentialSource): source is Keyword {
  return source === 'token' || source === 'api-key'
}
