// A screen as SVG: every piece of text is told its width, so that columns stay columns in whatever font it is read.
import unicode from '@xterm/addon-unicode11'
import headless from '@xterm/headless'

const CELL = { width: 8.4, height: 18, font: 14 }
const MARGIN = 12
const PAPER = '#16181d'
const INK = '#d4d7dd'
/** The sixteen colours of a terminal. */
const COLOURS = [
  ...['#16181d', '#f07178', '#a5d17a', '#e8c268', '#73aef2', '#d699e6', '#5fc8d4', '#c8ccd4'],
  ...['#7d8590', '#ff8f95', '#bfe596', '#ffd98a', '#94c5ff', '#e6b3f5', '#85e0ea', '#ffffff'],
]

/** Runs of cells that look alike and are equally wide, without the blanks at their ends. */
async function cellsOf(screen, { columns, rows }) {
  const terminal = new headless.Terminal({ cols: columns, rows, allowProposedApi: true, convertEol: true })
  terminal.loadAddon(new unicode.Unicode11Addon())
  terminal.unicode.activeVersion = '11'
  // Terminals do not agree how wide some glyphs are: what is too wide for this one must not push down the rest.
  await new Promise(done => terminal.write(`\x1b[?7l${screen.replace(/\n$/, '')}`, done))
  const runs = []
  for (let row = 0; row < rows; row += 1) {
    const line = terminal.buffer.active.getLine(row)
    let run
    for (let column = 0; column < columns; column += 1) {
      const cell = line.getCell(column)
      const width = cell.getWidth()
      if (width === 0) continue
      const text = cell.getChars() || ' '
      const look = lookOf(cell)
      if (run && run.look === look && run.each === width && run.column + run.width === column) {
        run.text += text
        run.width += width
      } else {
        run = { row, column, text, width, each: width, look }
        runs.push(run)
      }
    }
  }
  terminal.dispose()
  return runs.flatMap(trimmed)
}

function lookOf(cell) {
  const fill = cell.isFgPalette() ? (COLOURS[cell.getFgColor()] ?? INK) : INK
  if (cell.isInverse()) return JSON.stringify({ fill: PAPER, behind: fill })
  return JSON.stringify({ fill, dim: cell.isDim() !== 0, bold: cell.isBold() !== 0 })
}

function trimmed(run) {
  if (JSON.parse(run.look).behind) return [run]
  const text = run.text.trim()
  if (text === '') return []
  const before = run.text.length - run.text.trimStart().length
  const after = run.text.length - run.text.trimEnd().length
  return [{ ...run, text, column: run.column + before, width: run.width - before - after }]
}

export async function svgOf(screen, size, title) {
  const runs = await cellsOf(screen, size)
  const width = Math.ceil(size.columns * CELL.width + 2 * MARGIN)
  const height = size.rows * CELL.height + 2 * MARGIN
  const looks = [...new Set(runs.map(({ look }) => look))]
  const styles = looks.map((look, index) => `.l${index}{${css(JSON.parse(look))}}`)
  const texts = runs.map(run => textOf(run, looks.indexOf(run.look)))
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<style>text{font:${CELL.font}px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;white-space:pre}${styles.join('')}</style>`,
    `<rect width="100%" height="100%" rx="8" fill="${PAPER}"/>`,
    ...texts,
    '</svg>\n',
  ].join('\n')
}

function css({ fill, dim, bold }) {
  return `fill:${fill}${dim ? ';opacity:.6' : ''}${bold ? ';font-weight:bold' : ''}`
}

function textOf({ row, column, text, width, look }, style) {
  const x = number(MARGIN + column * CELL.width)
  const y = number(MARGIN + row * CELL.height + CELL.font)
  const length = number(width * CELL.width)
  const { behind } = JSON.parse(look)
  const paper = behind
    ? `<rect x="${x}" y="${number(y - CELL.font)}" width="${length}" height="${CELL.height}" fill="${behind}"/>`
    : ''
  return `${paper}<text class="l${style}" x="${x}" y="${y}" textLength="${length}" lengthAdjust="spacingAndGlyphs">${escaped(text)}</text>`
}

const number = value => Number(value.toFixed(1))

function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
