/**
 * The testing kit: GitHub and Pipedrive as HTTP servers on loopback, with faults on request. For tests, demos, examples and benchmarks; never for production.
 */
export { Connections } from "../net/transport.ts"
export {
  FakeGithub,
  type FakeGithubOptions,
  type GistInput,
  type GithubFault,
  type GithubRoute,
  type UserProfile
} from "./FakeGithub.ts"
export {
  type DealInput,
  FakePipedrive,
  type FakePipedriveOptions,
  type PersonInput,
  type PipedriveActivity,
  type PipedriveDeal,
  type PipedriveFault,
  type PipedriveLead,
  type PipedriveNote,
  type PipedrivePerson,
  type PipedriveRoute,
  type PipedriveSetup
} from "./FakePipedrive.ts"
export type { FakeRequest, FakeService, FakeServiceOptions, Fault, FaultOptions, LoggedRequest } from "./FakeService.ts"
export type {
  GraphqlAnswer,
  GraphqlData,
  GraphqlEngine,
  GraphqlFile,
  GraphqlGist,
  GraphqlRequest,
  GraphqlUser
} from "./Graphql.ts"
