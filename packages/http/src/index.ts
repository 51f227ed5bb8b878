/**
 * Gitpip over HTTP: the contract (typed clients come from it), its handlers as layers, a Web handler, and the server as
 * a process.
 */
export { isLoopback, ListenError } from "./Address.ts"
export { Api, Gists, Scans, Session, System, Users } from "./Api.ts"
export { type ConnectionLimits, defaultLimits } from "./Connections.ts"
export { Contacts } from "./contacts.ts"
export { type CoreError, orProblem, toProblem } from "./ErrorProblems.ts"
export { Listener, layerListener, layerListenerWith, mayListen } from "./Listener.ts"
export { layerLogs, layerProcess, layerServer, layerServing, layerTelemetry } from "./main.ts"
export {
  AccountNotFoundProblem,
  FileNotFoundProblem,
  GithubProblem,
  NotReadyProblem,
  ProblemDetails,
  PublicationNotFailedProblem,
  PublicationNotFoundProblem,
  PublicationNotSkippableProblem,
  ScanNotFoundProblem,
  SourceNotFoundProblem,
  SourceNotSetUpProblem,
  SourceProblem,
  TargetNotFoundProblem,
  TooManyRequestsProblem,
  TooManyVisitorsProblem,
  UnauthorizedProblem,
  UnavailableProblem,
  UserBusyProblem,
  UserConflictProblem,
  UserNotTrackedProblem,
  VisitNotFoundProblem
} from "./Problems.ts"
export { defaultLimit, pageLimit, ruleQuery } from "./parameters.ts"
export { Publications } from "./publications.ts"
export { layerApp, layerRoutes, toWebHandler, type WebHandler } from "./Server.ts"
