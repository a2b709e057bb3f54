/**
 * The rows of attacks/http2-attacks.ts, and those of HTTP/1 that HTTP/2 can say, sent to the gateway frame by frame.
 * @module
 */

import t from 'tap'
import { asHttp2 } from './attacks/as-http2.ts'
import { headerAttacks } from './attacks/header-attacks.ts'
import { http2Attacks } from './attacks/http2-attacks.ts'
import { targetAttacks } from './attacks/target-attacks.ts'
import { testHttp2Attacks } from './http2-witness.ts'

testHttp2Attacks(t, http2Attacks)
testHttp2Attacks(t, [...targetAttacks, ...headerAttacks].map(asHttp2))
