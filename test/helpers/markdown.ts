/** A fenced block of a Markdown document. */
export interface Block {
  readonly language: string
  readonly text: string
  /** Line of the document in which its text begins, counted from 1. */
  readonly line: number
}

const FENCED = /^```(\w*)[^\n]*\n(.*?)^```/gms

export function blocksOf(markdown: string): Block[] {
  return [...markdown.matchAll(FENCED)].map(({ 1: language = '', 2: text = '', index }) => ({
    language,
    text,
    line: markdown.slice(0, index).split('\n').length + 1,
  }))
}

function proseOf(markdown: string): string {
  return markdown.replace(FENCED, '')
}

/** What stands in backticks, outside of blocks. */
export function codeIn(markdown: string): string[] {
  return [...proseOf(markdown).matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code)
}

/** Where the links of a document lead to. */
export function linksOf(markdown: string): string[] {
  const text = proseOf(markdown).replace(/`[^`\n]+`/g, 'code')
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target)
}

const HEADING = /^#+ (.+)$/gm

/** Names by which the headings of a document are linked to. */
export function anchorsOf(markdown: string): string[] {
  return [...proseOf(markdown).matchAll(HEADING)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

/** The parts of a document by their headings, each without what stands under further headings. */
export function sectionsOf(markdown: string): Map<string, string> {
  const headings = [...markdown.replace(FENCED, block => block.replace(/\S/g, '-')).matchAll(HEADING)]
  return new Map(
    headings.map(({ 1: title = '', index }, place) => [
      title,
      markdown.slice(index, headings[place + 1]?.index),
    ]),
  )
}

/** A table: what its first column is called, and the cells of its rows, without backticks. */
export interface Table {
  readonly head: string
  readonly rows: readonly (readonly string[])[]
}

export function tablesOf(markdown: string): Table[] {
  return [...proseOf(markdown).matchAll(/^\|.+\|\n\|[-:| ]+\|\n((?:\|.+\|\n?)+)/gm)].map(([table]) => {
    const [head = [], , ...rows] = table.trim().split('\n').map(cellsOf)
    return { head: head[0] ?? '', rows }
  })
}

function cellsOf(row: string): string[] {
  return row
    .slice(1, -1)
    .split('|')
    .map(cell => cell.trim().replaceAll('`', ''))
}
