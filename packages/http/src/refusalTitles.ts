/** Titles of the refusals without a type of their own: the status's phrase (https://www.rfc-editor.org/rfc/rfc9457#section-4.2.1). */
export const refusalTitles = {
  400: "Bad Request",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  413: "Content Too Large",
  414: "URI Too Long",
  417: "Expectation Failed",
  421: "Misdirected Request",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error"
} as const

export type RefusalStatus = keyof typeof refusalTitles
