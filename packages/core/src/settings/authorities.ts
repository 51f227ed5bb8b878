/** The file of NODE_EXTRA_CA_CERTS. Node.js only warns of one that it cannot use, and every connection fails later. */
import { readFileSync } from "node:fs"
import { getCACertificates } from "node:tls"

/** What is wrong with the file; undefined when Node.js has loaded its certificates. */
export const authorityFault = (file: string): string | undefined => {
  if (file.trim() === "") return undefined
  try {
    const certificates = certificatesIn(readFileSync(file, "utf8"))
    const loaded = new Set(certificatesIn(getCACertificates("extra").join("\n")))
    return certificates.length > 0 && certificates.every((certificate) => loaded.has(certificate))
      ? undefined
      : `no certificate came from the file ${JSON.stringify(file)}. Name a file with certificates in PEM form, in the environment and not in a file of settings: Node.js reads it when it starts`
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown"
    return `the file ${JSON.stringify(file)} cannot be read (${code}). Correct the path, or give the user that runs Gitpip the right to read it`
  }
}

/** The certificates of a text in PEM form, without the line breaks. */
const certificatesIn = (pem: string): ReadonlyArray<string> =>
  [...pem.matchAll(/-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----/g)].map(([, body = ""]) =>
    body.replace(/\s+/g, "")
  )
