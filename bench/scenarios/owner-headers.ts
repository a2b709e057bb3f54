/**
 * An owner sends two privileged headers, one of which is translated, and sees the one of the answer.
 * @module
 */

import { memoryHit } from './memory-hit.ts'
import type { Scenario } from './scenario.ts'

export const ownerHeaders: Scenario = {
  ...memoryHit,
  name: 'owner-headers',
  title: "owner's headers, both ways",
  needs: 'rules',
  traffic: {
    ...memoryHit.traffic,
    headers: [
      ['X-Account-Access-Control', 'members'],
      ['X-Remove-Container-Read', 'yes'],
    ],
  },
  tokens: { ...memoryHit.tokens, isOwner: true },
  gateway: {
    route: {
      privilegedHeaders: {
        translate: { 'X-Account-Access-Control': 'X-Account-Sysmeta-Core-Access-Control' },
      },
    },
  },
  isPaced: false,
}
