/**
 * How PostgreSQL plans statements: by an index where the table has one.
 *
 * Hazard: PostgreSQL keeps the plan of a prepared statement until statistics of its tables are collected. A plan that was made
 * while a table had a hundred rows reads the whole table, also when it has thousands a minute later
 * (https://www.postgresql.org/docs/current/sql-prepare.html).
 */
export const planning = {
  enable_seqscan: "off",
  // Before version 18, a plan that must read a whole table would cost so much that PostgreSQL compiled it.
  jit: "off"
} as const
