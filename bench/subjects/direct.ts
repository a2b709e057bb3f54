/**
 * The upstream alone: the ceiling, and what the machine itself makes of a round.
 * @module
 */

import type { Subject } from './subject.ts'

export const direct: Subject = {
  name: 'direct',
  title: 'direct',
  can: ['forward', 'upgrade'],
  start: async ({ upstream: { url, pid } }) => ({ url, pids: [pid] }),
}
