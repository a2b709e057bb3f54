/**
 * The rows of attacks/framing-attacks.ts, sent to the gateway.
 * @module
 */

import t from 'tap'
import { framingAttacks } from './attacks/framing-attacks.ts'
import { testAttacks } from './witness.ts'

testAttacks(t, framingAttacks)
