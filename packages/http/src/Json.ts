/**
 * Users and files in their JSON form, written by hand: the schemas' own encoding of a hundred users takes twelve times as
 * long, more than the rest of the request (see `bench/`). The types check the keys, and a property test the values.
 */
import type { GistFile, User } from "@gitpip/core"
import { DateTime } from "effect"

export const userJson = (user: User): typeof User.Encoded => ({
  login: user.login,
  id: user.id,
  github_id: user.githubId,
  state: user.state,
  tracked_at: DateTime.formatIso(user.trackedAt),
  checked_at: optionalTime(user.checkedAt),
  failures: user.failures,
  retry_at: optionalTime(user.retryAt),
  error_reason: user.errorReason,
  error_message: user.errorMessage
})

export const fileJson = (file: GistFile): typeof GistFile.Encoded => ({
  id: file.id,
  owner: file.owner,
  filename: file.filename,
  gist_id: file.gistId,
  html_url: file.htmlUrl,
  raw_url: file.rawUrl,
  description: file.description,
  language: file.language,
  type: file.type,
  size: file.size,
  created_at: DateTime.formatIso(file.createdAt),
  updated_at: DateTime.formatIso(file.updatedAt),
  found_at: DateTime.formatIso(file.foundAt),
  scan_id: file.scanId,
  publication_id: file.publicationId,
  publication_state: file.publicationState,
  publication_message: file.publicationMessage,
  publication_target: file.publicationTarget,
  publication_remote_id: file.publicationRemoteId
})

const optionalTime = (time: DateTime.Utc | null): string | null => (time === null ? null : DateTime.formatIso(time))
