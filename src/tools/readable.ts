import type { FormatCallback, HtmlToTextOptions } from 'html-to-text'

/** Pages that nest deeper are no text for readers; the time that a parser takes for them has no bound. */
const DEEPEST = 200
/** Fed to the parser at once, so that it can be stopped. */
const PIECE = 4096

/** What a reader of an HTML page sees, as text with the targets of its links; undefined when it is nested beyond reason. */
export async function readable(html: string): Promise<string | undefined> {
  const [{ convert }, { Parser }] = await Promise.all([import('html-to-text'), import('htmlparser2')])
  let depth = 0
  let deepest = 0
  const parser = new Parser({
    onopentag() {
      depth += 1
      deepest = Math.max(deepest, depth)
    },
    onclosetag() {
      depth -= 1
    },
  })
  for (let at = 0; at < html.length; at += PIECE) {
    parser.write(html.slice(at, at + PIECE))
    if (deepest > DEEPEST) return undefined
  }
  return convert(html, OPTIONS)
}

const cell: FormatCallback = (element, walk, builder) => {
  walk(element.children, builder)
  builder.addInline(' | ')
}

const row: FormatCallback = (element, walk, builder) => {
  builder.openBlock({ leadingLineBreaks: 1 })
  walk(element.children, builder)
  builder.closeBlock({ trailingLineBreaks: 1 })
}

/** Without indentation, which would multiply what a page has in it by the depth at which it stands. */
const item: FormatCallback = (element, walk, builder) => {
  builder.openBlock({ leadingLineBreaks: 1 })
  builder.addInline('* ')
  walk(element.children, builder)
  builder.closeBlock({ trailingLineBreaks: 1 })
}

const as = (format: string, ...names: string[]) => names.map(selector => ({ selector, format }))

const OPTIONS: HtmlToTextOptions = {
  wordwrap: false,
  limits: { maxInputLength: 2 ** 21, maxDepth: 2 * DEEPEST },
  formatters: { cell, row, item },
  selectors: [
    ...as('skip', 'img', 'template', 'svg'),
    ...as('block', 'table', 'ul', 'ol', 'blockquote'),
    ...as('row', 'tr'),
    ...as('cell', 'td', 'th'),
    ...as('item', 'li'),
    ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6'].map(selector => ({ selector, options: { uppercase: false } })),
    { selector: 'a', options: { hideLinkHrefIfSameAsText: true, noAnchorUrl: true } },
  ],
}
