import { sanitize } from '../text.ts'

/**
 * HTML that is safe to put together: text only becomes a part of it through `html`, which escapes whatever is not made
 * by `html` itself.
 */
export class Html {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

type Part = Html | string | number | undefined | false | readonly Part[]

export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(
    strings.map((text, index) => text + (index < parts.length ? inHtml(parts[index]) : '')).join(''),
  )
}

function inHtml(part: Part): string {
  if (part === undefined || part === false) return ''
  if (part instanceof Html) return part.text
  if (Array.isArray(part)) return part.map(inHtml).join('')
  return escapeHtml(String(part))
}

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text for elements and quoted attributes, without anything invisible that could deceive. */
function escapeHtml(text: string): string {
  return sanitize(text).replace(/[&<>"']/g, character => ENTITIES[character] ?? '')
}

/** Long texts of a page: together they keep to a budget, the longest give way first, and each says what is left out. */
export class Texts {
  private readonly most: number

  /** @param lengths in bytes, of all texts that the page shows; @param each the most of one; @param all the most of all */
  constructor(lengths: readonly number[], each: number, all: number) {
    const sorted = lengths.map(length => Math.min(length, each)).sort((a, b) => a - b)
    let left = all
    let most = each
    for (const [index, length] of sorted.entries()) {
      const share = left / (sorted.length - index)
      if (length > share) {
        most = Math.max(LEAST, Math.floor(share))
        break
      }
      left -= length
    }
    this.most = most
  }

  block(text: string): Html {
    const weight = weigh(text)
    if (weight <= this.most) return html`<pre>${text}</pre>`
    const kept = text.slice(0, Math.floor((text.length * this.most) / weight))
    const left = (text.length - kept.length).toLocaleString('en-US')
    return html`<pre>${kept}</pre><p class="note">… ${left} more characters are not on this page; they are in: crew logs --json</p>`
  }
}

/** Bytes that a text takes in the page. */
export function weigh(text: string): number {
  return Buffer.byteLength(escapeHtml(text))
}

const LEAST = 80
