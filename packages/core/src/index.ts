/**
 * Gitpip as a library: the services, their layers, schemas and errors.
 *
 * `Gitpip.layer` is everything, wired by `Settings`. Each part can be replaced: bring another `Sink` to publish
 * elsewhere, another `SqlClient` layer for the database, another `HttpClient` for the transport.
 */

export { Contacts } from "./contacts/Contacts.ts"
export { Following } from "./contacts/Following.ts"
export { SourceUnavailable } from "./contacts/SourceUnavailable.ts"
export * as Database from "./database/Database.ts"
export { DatabaseError } from "./database/Database.ts"
export * as State from "./database/StateTransfer.ts"
export { StateError } from "./database/StateTransfer.ts"
export { Checker, type CheckResults } from "./detect/Checker.ts"
export { CheckSchedule, type Plan } from "./detect/CheckSchedule.ts"
export type { CheckResult } from "./detect/checkResult.ts"
export { Feed } from "./detect/Feed.ts"
export { Profiles } from "./detect/Profiles.ts"
export { Scanner } from "./detect/Scanner.ts"
export type { ScanProgress } from "./detect/scanUsers.ts"
export * as Cadence from "./domain/Cadence.ts"
export { Change } from "./domain/Change.ts"
export { Contact, ContactPage, ContactState, FirstCost } from "./domain/Contact.ts"
export { Day } from "./domain/Day.ts"
export { Forgotten } from "./domain/Forgotten.ts"
export { type Content, FileId, FilePreview, GistFile, type ListedFile } from "./domain/GistFile.ts"
export { describeUnknown, type UnknownLanguage, unknownInRule, unknownLanguages } from "./domain/languages.ts"
export { loginOf } from "./domain/loginOf.ts"
export { NameCheck, NameRecord, NameState } from "./domain/NameCheck.ts"
export { Preview } from "./domain/Preview.ts"
export { Profile } from "./domain/Profile.ts"
export { Attempt, Publication, PublicationDetails, PublicationId, PublicationState } from "./domain/Publication.ts"
export { Scan, ScanDetails, ScanFailure, ScanId, ScanKind, ScanState } from "./domain/Scan.ts"
export { PastedSource, repositoryOf, Source } from "./domain/Source.ts"
export { Status } from "./domain/Status.ts"
export * as Timing from "./domain/Timing.ts"
export { User, UserCounts, UserDetails, UserId, UserKey, Username, UserState } from "./domain/User.ts"
export { type RulesGiven, type RuleText, ruleTexts, UserRules } from "./domain/UserRules.ts"
export { defaultVisitor, News, Visit, VisitId, Visitor, VisitRecord } from "./domain/Visit.ts"
export { type Cursor, Gitpip } from "./Gitpip.ts"
export {
  type Account,
  type AccountList,
  type AccountsPage,
  type BatchGist,
  type BatchProfile,
  type Capacity,
  type FeedGist,
  type FeedPage,
  type GistContents,
  type GistPage,
  type GistTexts,
  Github,
  GithubError,
  githubError,
  type NewestGists,
  type ProfilePage,
  type PublicProfile
} from "./github/Github.ts"
export type { Services } from "./layers.ts"
export { type KnownLimit, type LimitName, Limits } from "./limits/Limits.ts"
export { codeOf } from "./net/causes.ts"
export { layerTransport } from "./net/transport.ts"
export * as Activity from "./pipedrive/activity.ts"
export { type Saving, savedBy } from "./pipedrive/listing.ts"
export { type NewActivity, Pipedrive, PipedriveError } from "./pipedrive/Pipedrive.ts"
export { checkPlacement } from "./pipedrive/Placing.ts"
export { isPersonField } from "./pipedrive/placement.ts"
export { type Drained, type Pause, Publisher } from "./publish/Publisher.ts"
export {
  type Created,
  type Delivery,
  Forbidden,
  ItemRefused,
  NoSuchPage,
  NotSent,
  NotYet,
  OutcomeUnknown,
  Paused,
  type Recipient,
  Sink,
  type SinkBudget,
  type SinkContacts,
  SinkError,
  TargetGone,
  TargetNotFound,
  tooLate
} from "./publish/Sink.ts"
export { definitions as settings, type PipedriveSettings, Settings, SettingsError, secretsOf } from "./Settings.ts"
export { type Choices, type UnusedSetting, unusedChoices, unusedSettings } from "./settings/unused.ts"
export { Changes } from "./status/Changes.ts"
export type { Forecast } from "./status/Forecast.ts"
export { Gauges } from "./status/Gauges.ts"
export { UserBusy } from "./store/Forgetting.ts"
export { FileNotFound } from "./store/GistFiles.ts"
export { PublicationNotFailed, PublicationNotFound, PublicationNotSkippable } from "./store/Publications.ts"
export { ScanNotFound, ScanRunning } from "./store/Scans.ts"
export { Store } from "./store/Store.ts"
export { UserConflict, UserNotTracked } from "./store/Users.ts"
export { TooManyVisitors, VisitNotFound } from "./store/Visits.ts"
export { jsonLines } from "./telemetry/jsonLines.ts"
export * as Telemetry from "./telemetry/Telemetry.ts"
export type { TrackOptions } from "./tracking.ts"
export { Worker } from "./Worker.ts"
