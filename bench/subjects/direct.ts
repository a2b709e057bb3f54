/**
 * The upstream alone: the ceiling, and what the machine itself makes of a round.
 * @module
 */

import type { Subject } from './subject.ts'

export const direct: Subject = {
  name: 'direct',
  start: async ({ url, pid }) => ({ url, pid, headers: [] }),
}
