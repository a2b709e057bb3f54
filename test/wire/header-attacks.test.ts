/**
 * The rows of attacks/header-attacks.ts, sent to the gateway.
 * @module
 */

import t from 'tap'
import { headerAttacks } from './attacks/header-attacks.ts'
import { testAttacks } from './witness.ts'

testAttacks(t, headerAttacks)
