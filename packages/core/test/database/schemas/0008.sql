-- A database of schema 8 in the middle of its work: every state that a row can be in.
insert into users (id, username, github_id, tracked_at, baselined_at, etag, pages, listed_at, checked_at, failures, retry_at, error_reason, error_message, untracked_at) values
  (7, 'ann', 101, '2026-01-01', '2026-01-01', 'W/"a"', 1, '2026-01-01', '2026-01-02', 0, null, null, null, null),
  (8, 'bob', 102, '2026-01-01', null, null, 0, null, '2026-01-02', 3, '2026-01-03', 'UserNotFound', 'GitHub knows no bob', null),
  (9, 'Cy', null, '2026-01-01', null, null, 0, null, null, 0, null, null, null, '2026-01-02');
insert into scans (kind, user_key, state, requested_at, started_at, finished_at, cursor, users, unchanged, failed, files) values
  ('scheduled', null, 'done', '2026-01-02', '2026-01-02', '2026-01-02', 3, 2, 0, 1, 6),
  ('requested', 1, 'queued', '2026-01-02', null, null, 0, 0, 0, 0, 0);
insert into scan_failures (scan_key, user_key, reason, message, retry_at) values (1, 2, 'UserNotFound', 'GitHub knows no bob', '2026-01-03');
insert into gist_files (user_key, scan_key, gist_id, filename, html_url, size, created_at, updated_at, found_at)
  select 1, 1, 'aa' || n, n || '.md', 'https://gist.github.com/ann/aa' || n || '?file=' || n || '.md#file-' || n || '-md', 2,
    case when n = 6 then timestamptz '2026-01-02' else timestamptz '2020-01-01' end, '2020-01-01', '2026-01-02'
  from generate_series(1, 6) n;
insert into visits (user_key, visitor, after_file, until_file, visited_at) values (1, 'default', 0, 4, '2026-01-02');
insert into visitor_positions (user_key, visitor, until_file) values (1, 'default', 4);
insert into publications (file_key, user_key, state, start_tag, due_at, epoch, lease_until, sent_at, target, remote_id, attempts, error_reason, error_message, created_at, published_at) values
  (1, 1, 'published', 1, '2026-01-02', 1, null, null, '1', '900', 1, null, null, '2026-01-02', '2026-01-02'),
  (2, 1, 'sending', 2, '2026-01-02', 1, '2026-01-02', '2026-01-02', '1', null, 1, null, null, '2026-01-02', null),
  (3, 1, 'failed', 3, '2026-01-02', 1, null, null, '1', null, 1, 'ItemRefused', 'no', '2026-01-02', null),
  (4, 1, 'gone', 4, '2026-01-02', 1, null, null, null, null, 2, 'GistGone', 'gone', '2026-01-02', null),
  (5, 1, 'pending', 5, '2026-01-02', 0, null, null, null, null, 0, null, null, '2026-01-02', null),
  (6, 1, 'pending', 6, '2026-01-02', 0, null, null, null, null, 0, null, null, '2026-01-02', null);
insert into attempts (publication_key, at, outcome, message) values (1, '2026-01-02', 'published', null), (3, '2026-01-02', 'ItemRefused', 'no');
insert into duplicates (remote_id, publication_key, found_at) values ('901', 1, '2026-01-02');
insert into deals (user_key, deal_id) values (1, 1);
insert into deals (user_key, deal_id, sent_at, lease_until, epoch) values (2, null, '2026-01-02', '2026-01-02', 1);
insert into limits (limit_key, noted_at, blocked_until, message) values ('github:0', '2026-01-01', '2026-01-02', 'GitHub said so');
update publications set backlog = true where key <> 6;
update publications set resent_since = '2026-01-02', audit_at = '2026-01-02' where key = 1;
insert into duplicates (remote_id, publication_key, found_at) values ('deal:902', null, '2026-01-02');
update users set rate = 0.5, rate_at = '2026-01-02', rate_class = 9, fingerprint = '6 x' where key = 1;
insert into scans (kind, state, requested_at, started_at, lease_until) values ('feed', 'running', '2026-01-02', '2026-01-02', '2026-01-02');
insert into feed_positions (origin, etag, seen, unsettled, gap_at, polled_at, next_at) values
  ('https://api.github.com', '"f"', '{"aa1 x"}', '{"aa2 x"}', '2026-01-01', '2026-01-02', '2026-01-02');
insert into quotas (limit_key, server, slots, wanted, window_limit, window_millis, used_at) values
  ('pipedrive', 'a', 5, 5, 20, 2000, '2026-01-02');
insert into listings (user_key, next, etag, pages, updated_at) values (2, 'https://api.github.com/user/102/gists?page=2', '"a"', 1, now());
