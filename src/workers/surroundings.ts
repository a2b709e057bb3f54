/**
 * What a gateway that is one of several workers takes from the primary.
 * @module
 */

import type { AdminParts, AdminServer } from '../admin/admin-server.ts'
import type { Settings } from '../config/schema/settings.ts'
import type { AskDesk } from '../limits/count-desk.ts'

/** What the primary asks a worker for. */
export type Told = Pick<AdminParts, 'readiness' | 'metrics' | 'keySet'>

export interface WorkerSurroundings {
  /** From 1 on. */
  readonly number: number
  /** How many there are. */
  readonly workers: number
  readonly askDesk: AskDesk
  /** In the place of an admin listener, of which there is one for all. */
  openAdmin(told: Told): AdminServer
  /** These settings are in force from now on. */
  inForce(settings: Settings): void
}
