/**
 * The tests of servers that are lost, replicated or pooled: many seconds of waiting each, and servers of their own.
 * @module
 */

/** Patterns of files; those under load come alone. */
export const failoverFiles = {
  underLoad: ['test/failover/*.test.ts'],
  others: [
    'test/integration/outages/*.test.ts',
    'test/integration/read-replica/*.test.ts',
    'test/integration/topology/*.test.ts',
    'test/integration/store/pgbouncer.test.ts',
  ],
} as const
