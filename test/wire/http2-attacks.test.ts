/**
 * The rows of attacks/http2-framing-attacks.ts and http2-head-attacks.ts, and those of HTTP/1 that HTTP/2 can say, sent to
 * the gateway frame by frame.
 * @module
 */

import t from 'tap'
import { asHttp2 } from './attacks/as-http2.ts'
import { headerAttacks } from './attacks/header-attacks.ts'
import { http2FramingAttacks } from './attacks/http2-framing-attacks.ts'
import { http2HeadAttacks } from './attacks/http2-head-attacks.ts'
import { targetAttacks } from './attacks/target-attacks.ts'
import { testHttp2Attacks } from './http2-witness.ts'

testHttp2Attacks(t, http2FramingAttacks)
testHttp2Attacks(t, http2HeadAttacks)
testHttp2Attacks(t, [...targetAttacks, ...headerAttacks].map(asHttp2))
