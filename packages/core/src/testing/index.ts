/**
 * The testing kit: GitHub and Pipedrive as HTTP servers on loopback, which behave as the services do and misbehave on
 * request. For tests, demos, examples and benchmarks; never for production.
 */
export {
  type GistInput,
  type GithubFault,
  type GithubRoute,
  GithubStandIn,
  type GithubStandInOptions
} from "./FakeGithub.ts"
export {
  type DealInput,
  type PipedriveActivity,
  type PipedriveDeal,
  type PipedriveFault,
  type PipedriveNote,
  type PipedriveRoute,
  PipedriveStandIn,
  type PipedriveStandInOptions
} from "./FakePipedrive.ts"
export type { Fault, LoggedRequest, MisbehaveOptions, StandIn, StandInOptions, StandInRequest } from "./FakeService.ts"
export type {
  GraphqlAnswer,
  GraphqlData,
  GraphqlEngine,
  GraphqlFile,
  GraphqlGist,
  GraphqlRequest,
  GraphqlUser
} from "./Graphql.ts"
