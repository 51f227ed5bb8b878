/** Whether a text is what somebody does, such as `CTO` or `Head of Product`. Pure. */

/** A text that ends in one of these is a job, whatever stands before. */
const clearJobs =
  "ceo|cfo|cio|ciso|cmo|co-?founder|consultant|contractor|coo|cpo|cto|developer|engineer|evp|freelancer|lecturer|maintainer|phd|postdoc|professor|programmer|researcher|sdet|sre|student|svp|swe|sysadmin"

/** Companies bear such words, too: before these nothing but words of jobs may stand. */
const vagueJobs =
  "admin|administrator|analyst|apprentice|architect|candidate|chief|coder|coordinator|creator|designer|dev|director|fellow|founder|head|intern|lead|manager|member|officer|owner|president|scientist|specialist|teacher|tester|trainee|vp"

/** A pattern's text: the words of which each is a job. */
export const jobs = `${clearJobs}|${vagueJobs}`

const kinds =
  "&|ai|and|android|application|applications|assistant|associate|automation|backend|back-?end|big|blockchain|business|cloud|computer|customer|data|database|design|development|devops|digital|embedded|engineering|enterprise|executive|financial|founding|freelance|front-?end|full-?stack|full|game|general|graduate|graphic|hardware|independent|information|infrastructure|ios|it|java|javascript|junior|jr|learning|machine|managing|marketing|ml|mobile|network|open|operating|operations|platform|principal|product|program|project|python|qa|quality|react|reliability|research|sales|science|security|senior|service|site|software|solution|solutions|source|sr|stack|staff|system|systems|team|tech|technical|technology|test|ui|undergraduate|ux|vice|visual|web"

const clearTitle = new RegExp(`(?:^|\\s)(?:${clearJobs})$`)
const vagueTitle = new RegExp(`^(?:(?:${kinds}|${jobs})\\s)*(?:${vagueJobs})$`)

const fieldOfWork = new RegExp(`^(?:(?:${kinds})(?:\\s|$))+$`)

/** Lower case, words with one space between, no dots (`Ph.D.`), no grade (`Engineer II`), no marks around it. */
const plain = (text: string): string =>
  text
    .toLowerCase()
    .replace(/\./g, "")
    .replace(/[^\p{L}\p{N}&-]+/gu, " ")
    .trim()
    .replace(/\s(?:i{1,3}|iv|v|\d)$/, "")

/** Whether the whole text is a job. `The Pragmatic Engineer` is a name, as is all that begins with `The`. */
export const isJobTitle = (text: string): boolean => {
  const [job = ""] = plain(text).split(/\sof(?=\s|$)/)
  return !job.startsWith("the ") && (clearTitle.test(job) || vagueTitle.test(job))
}

/** Whether the text is what people at a company work on, such as `Software Engineering`. */
export const isFieldOfWork = (text: string): boolean => fieldOfWork.test(plain(text))
