/**
 * A CEL expression over the token, the request and the path has to hold.
 * @module
 */

import { memoryHit } from './memory-hit.ts'
import type { Scenario } from './scenario.ts'

export const condition: Scenario = {
  ...memoryHit,
  name: 'condition',
  title: 'CEL condition',
  needs: 'rules',
  gateway: {
    route: {
      authorize: {
        condition: 'request.method == "GET" && !("frozen" in token.scopes) && request.path.startsWith("/")',
      },
    },
  },
  isPaced: false,
}
