/**
 * The rows of attacks/target-attacks.ts, sent to the gateway.
 * @module
 */

import t from 'tap'
import { targetAttacks } from './attacks/target-attacks.ts'
import { testAttacks } from './witness.ts'

testAttacks(t, targetAttacks)
