/**
 * Gitpip as a library: the services, their layers, schemas and errors.
 *
 * `Gitpip.layer` is everything, wired by `Settings`. Each part can be replaced: bring another `Sink` to publish
 * elsewhere, another `SqlClient` layer for the database, another `HttpClient` for the transport.
 */

export { Budgets, type Forecast } from "./Budgets.ts"
export { Changes } from "./Changes.ts"
export * as Database from "./Database.ts"
export { DatabaseError } from "./Database.ts"
export * as Activity from "./domain/Activity.ts"
export * as Cadence from "./domain/Cadence.ts"
export { Change } from "./domain/Change.ts"
export { Day } from "./domain/Day.ts"
export { type Content, FileId, FilePreview, GistFile, type ListedFile } from "./domain/GistFile.ts"
export { Attempt, Publication, PublicationDetails, PublicationId, PublicationState } from "./domain/Publication.ts"
export { Scan, ScanDetails, ScanFailure, ScanId, ScanKind, ScanState } from "./domain/Scan.ts"
export * as Timing from "./domain/Timing.ts"
export { User, UserCounts, UserDetails, UserId, UserKey, Username, UserState } from "./domain/User.ts"

export { defaultVisitor, News, Visit, VisitId, Visitor, VisitRecord } from "./domain/Visit.ts"

export { Feed } from "./Feed.ts"
export { Gauges } from "./Gauges.ts"

export {
  type Account,
  type BatchGist,
  type Capacity,
  type FeedGist,
  type FeedPage,
  type GistContents,
  type GistPage,
  type GistTexts,
  Github,
  GithubError,
  githubError,
  type NewestGists
} from "./Github.ts"
export { type Cursor, Gitpip, Preview, type Services, Status } from "./Gitpip.ts"
export { layerTransport } from "./internal/exchange.ts"
export { type Looked, Looker } from "./Looker.ts"
export { type NewActivity, Pipedrive, PipedriveError } from "./Pipedrive.ts"
export { type Plan, Planner } from "./Planner.ts"
export { type Drained, type Pause, Publisher } from "./Publisher.ts"
export { Repository } from "./Repository.ts"
export { FileNotFound } from "./repository/GistFiles.ts"
export { PublicationNotFailed, PublicationNotFound } from "./repository/Publications.ts"
export { ScanNotFound, ScanRunning } from "./repository/Scans.ts"
export { UserConflict, UserNotTracked } from "./repository/Users.ts"
export { VisitNotFound } from "./repository/Visits.ts"
export { Scanner, type ScanProgress } from "./Scanner.ts"
export { definitions as settings, type PipedriveSettings, Settings, SettingsError, secretsOf } from "./Settings.ts"
export {
  type Budget,
  type Created,
  type Delivery,
  Forbidden,
  ItemRefused,
  NotSent,
  NotYet,
  OutcomeUnknown,
  Paused,
  type Recipient,
  Sink,
  SinkError,
  TargetGone,
  tooLate
} from "./Sink.ts"
export * as State from "./State.ts"
export { StateError } from "./State.ts"
export * as Telemetry from "./Telemetry.ts"
export { Worker } from "./Worker.ts"
