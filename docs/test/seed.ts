/** A database of the seed program: its tables, two users, and their gists. */
import { Effect, type Redacted } from "effect"
import { within } from "../../packages/core/test/database.ts"

const statements = [
  "create table users (user_id int primary key, username varchar(39), created_at timestamp not null default now())",
  `create table gists (
     gist_unique_id int generated always as identity primary key,
     gist_id varchar(100), raw_url_link text, username varchar(39), gist_file_title text,
     created_at timestamp not null default now()
   )`,
  "create table routine (routine_id int generated always as identity primary key, created_at timestamp not null default now())",
  "create table routine_gist_user (routine_id int references routine, gist_id varchar(100), user_id int references users)",
  `create table session (
     session_id int generated always as identity primary key,
     user_id int references users, created_at timestamp not null default now()
   )`,
  "insert into users (user_id, username) values (583231, 'octocat'), (7, 'hubot')",
  "insert into gists (gist_id, username, gist_file_title) values ('aa5a315d61ae9438b18d', 'octocat', 'hello.rb')",
  "insert into session (user_id) values (7)"
]

export const seed = (url: Redacted.Redacted): Effect.Effect<void> =>
  within(url, (sql) => Effect.forEach(statements, (statement) => sql.unsafe(statement), { discard: true }))
