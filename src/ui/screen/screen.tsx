import type { ChalkInstance } from 'chalk'
import { render } from 'ink'
import { Component, type ReactNode, useEffect, useRef, useState, useSyncExternalStore } from 'react'
import { toCrewError } from '../../errors.ts'
import type { TeamGraph } from '../../team/graph.ts'
import { editAtTerminal, editorOf } from '../editor.ts'
import { oneLine, widthOf } from '../text.ts'
import type { Controls } from './controls.ts'
import { createDesk, type Desk } from './desk.ts'
import type { Feed } from './feed.ts'
import { clip } from './fit.ts'
import { keysLine, viewsLine } from './footer.ts'
import { headerLines } from './header.ts'
import type { Key } from './keys.ts'
import { Lines, useFeed } from './pane.tsx'
import { showPrompt } from './prompt.ts'
import { questionLines } from './question.ts'
import { keyboardOf, openTerminal, type Terminal } from './terminal.ts'
import type { Scene, View } from './view.ts'
import { helpOf } from './views/help.tsx'
import { PAGE, VIEWS } from './views.ts'

/** Below this, nothing can be read. */
const SMALLEST = { columns: 60, rows: 15 }
const HEADER = 5
const FOOTER = 2

export interface ScreenWishes {
  readonly feed: Feed
  readonly id: string
  readonly graph: TeamGraph
  /** Absent where nothing can be done any more. */
  readonly controls?: Controls
  readonly style: ChalkInstance
  readonly stdin: NodeJS.ReadStream
  readonly stderr: NodeJS.WriteStream
  /** The screen has closed by itself, and the terminal is as it was. `why` when that was nobody's wish. */
  onQuit(why?: string): void
  /** Esc where nothing is left to go back to on the screen: to where it was opened from. */
  onBack?(): void
  /** Views in place of the usual ones, and keys that come before all others: for a replay. True: the key was taken. */
  readonly extra?: {
    readonly keys: View['keys']
    press(key: Key): boolean
    /** A line above the footer. */
    line?(columns: number): string
  }
}

export interface Screen {
  /** Shows a line for a moment. */
  note(line: string): void
  /** Gives the terminal back. */
  close(): Promise<void>
}

/**
 * Shows a run until `close`, or until somebody leaves. However it ends, the terminal is given back as it was; what goes
 * wrong in here ends the screen, and nothing else. Undefined where there is no keyboard.
 */
export async function showScreen(wishes: ScreenWishes): Promise<Screen | undefined> {
  const { feed, stdin, stderr, controls, extra, onQuit, onBack } = wishes
  const keyboard = keyboardOf(stdin)
  if (!keyboard) return undefined
  let isOver = false
  let unmount = () => {}

  const end = (why?: string, then = () => onQuit(why)) => {
    if (isOver) return
    isOver = true
    void terminal.close()
    desk.end()
    try {
      unmount()
    } catch {
      // It could not even be taken down; the terminal is back, and that is what counts.
    }
    then()
  }
  const fail = (error: unknown) =>
    end(`the screen failed and is closed, the run goes on: ${oneLine(toCrewError(error).message, 200)}`)
  const press = (key: Key) => {
    if (key.name === 'ctrl-c') terminal.interrupt()
    else if (key.name === 'ctrl-z') terminal.suspend()
    else if (key.name === 'ctrl-l') terminal.repaint()
    else if (desk.mode.kind === 'look' && !desk.isTyping && extra?.press(key)) return
    else if (!desk.press(key)) terminal.forward(key)
  }
  const editor = editorOf(process.env)
  const general = (): View['keys'] => [...(controls ? CONTROLLING : []), ...(extra?.keys ?? []), ...GENERAL]
  const desk: Desk = createDesk({
    feed,
    controls,
    views: VIEWS,
    page: PAGE,
    help: known =>
      helpOf(
        () => VIEWS,
        () => known.before,
        general,
      ),
    editor:
      editor === undefined || keyboard !== stdin
        ? undefined
        : (value, text) => terminal.lend(() => editAtTerminal(value, text, editor)),
    quit: () => end(),
    back: onBack && (() => end(undefined, onBack)),
  })
  const terminal = openTerminal(keyboard, { stdin, stderr, onKey: press, onEnd: () => end(), onError: fail })

  try {
    const instance = render(<Guard onError={fail}>{<Shell {...wishes} {...{ desk, terminal }} />}</Guard>, {
      stdout: terminal.output,
      stdin: terminal.input,
      stderr: terminal.output,
      // Whole frames: what of them has changed is found by the canvas, which knows where it stands.
      debug: true,
      exitOnCtrlC: false,
      patchConsole: false,
      isScreenReaderEnabled: false,
    })
    unmount = () => instance.unmount()
    instance.waitUntilExit().catch(fail)
  } catch (error) {
    fail(error)
  }
  return {
    note: line => desk.say(oneLine(line, 400)),
    async close() {
      if (isOver) return
      isOver = true
      await terminal.close()
      desk.end()
      unmount()
    },
  }
}

const CONTROLLING: View['keys'] = [
  ['a', 'answer what is asked'],
  ['w', 'words to the chosen agent'],
  ['p', 'pause: finish what is under way'],
  ['x', 'cancel the run for good'],
]

const GENERAL: View['keys'] = [
  ['Esc', 'back'],
  ['q', 'leave the screen; the run goes on'],
  ['Ctrl-C', 'stop the run; twice: at once'],
  ['Ctrl-Z', 'to the shell; fg comes back'],
]

/** Closes the screen when drawing it fails. */
class Guard extends Component<{ readonly onError: (error: unknown) => void; readonly children: ReactNode }> {
  override state = { isBroken: false }
  static getDerivedStateFromError() {
    return { isBroken: true }
  }
  override componentDidCatch(error: unknown): void {
    this.props.onError(error)
  }
  override render(): ReactNode {
    return this.state.isBroken ? null : this.props.children
  }
}

interface ShellProps extends ScreenWishes {
  readonly desk: Desk
  readonly terminal: Terminal
}

function Shell(props: ShellProps): ReactNode {
  const { feed, id, graph, controls, style, desk, terminal, extra } = props
  useSyncExternalStore(desk.subscribe, desk.snapshot)
  const { columns, rows } = useSize(terminal)
  const kept = useRef(new Map<string, unknown>()).current
  const scene: Scene = {
    id,
    feed,
    graph,
    style,
    ...(controls && { controls }),
    chosen: desk.chosen,
    kept,
    choose: desk.choose,
    open: desk.openPage,
    typing: desk.typing,
  }
  useFeed(scene)
  useTaken(terminal)
  if (columns < SMALLEST.columns || rows < SMALLEST.rows) {
    const words = `${columns}x${rows} is too small: ${SMALLEST.columns}x${SMALLEST.rows} at least, or q`
    return <Lines lines={[clip(words, columns)]} rows={rows} />
  }
  const header = headerLines(feed, id, graph.pattern, { columns, style, note: desk.note })
  const more = extra?.line ? [` ${extra.line(columns - 2)}`] : []
  const height = rows - HEADER - FOOTER - more.length
  return (
    <>
      <Lines lines={[...header, style.dim('─'.repeat(columns))]} rows={HEADER} />
      <Body {...{ scene, desk, columns, height }} />
      <Lines lines={[...more, ...footerLines(props, columns)]} rows={FOOTER + more.length} />
    </>
  )
}

function Body({
  scene,
  desk,
  columns,
  height,
}: {
  readonly scene: Scene
  readonly desk: Desk
  readonly columns: number
  readonly height: number
}): ReactNode {
  // Who reads a line forgets it where there is no room for it: keys must not be kept for them.
  useEffect(() => () => desk.typing(false), [desk])
  const { question } = desk
  if (!question) return desk.view.draw({ scene, columns, rows: height })
  const lines = questionLines(question, columns, scene.style)
  const top = desk.topOf(lines.length, height)
  const seen = lines.slice(top, top + height)
  const below = lines.length - top - height
  if (below > 0) seen[height - 1] = scene.style.dim(`   … ${below + 1} more lines, ↓`)
  return <Lines lines={seen} rows={height} />
}

function footerLines({ desk, style, extra }: ShellProps, columns: number): string[] {
  const { mode, view } = desk
  const keys = [...(mode.kind === 'look' ? (extra?.keys ?? []) : []), ...desk.keys()]
  const last = ` ${keysLine(keys, columns - 2, style)}`
  if (mode.kind === 'write') {
    const label = clip(mode.label, 40)
    const text = showPrompt(mode.prompt, columns - widthOf(label) - 5, style.inverse)
    return [` ${style.yellow(style.bold(label))} ${style.cyan('›')} ${text}`, last]
  }
  if (mode.kind === 'sure') return [` ${style.yellow(style.bold(clip(mode.question, columns - 2)))}`, last]
  return [` ${viewsLine(VIEWS, view, columns - 2, style)}`, last]
}

/** Says when a key was taken up: when all that it changed is drawn, and whoever hears the next one knows of it. */
function useTaken({ input, taken }: Terminal): void {
  const [count, setCount] = useState(0)
  useEffect(() => {
    // Rendered together with what the views changed; effects of what is inside come before this one.
    const sent = () => setCount(before => before + 1)
    input.on('sent', sent)
    return () => void input.off('sent', sent)
  }, [input])
  useEffect(() => {
    if (count > 0) taken()
  }, [taken, count])
}

/** The size of the terminal, whenever it changes. */
function useSize({ output, size }: Terminal) {
  const [now, setNow] = useState(size)
  useEffect(() => {
    const look = () => setNow(size())
    output.on('resize', look)
    look()
    return () => void output.off('resize', look)
  }, [output, size])
  return now
}
