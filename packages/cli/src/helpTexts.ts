export const helpTexts: Readonly<Record<string, string>> = {}
