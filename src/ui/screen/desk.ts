import { type Clock, systemClock } from '../../clock.ts'
import { createAnswering, type Editor } from './answering.ts'
import { keysNow, takes } from './bindings.ts'
import type { Controls } from './controls.ts'
import type { Feed } from './feed.ts'
import type { Key } from './keys.ts'
import { createModes } from './mode.ts'
import { edit } from './prompt.ts'
import { createSteering } from './steering.ts'
import { createTrail } from './trail.ts'
import type { View } from './view.ts'

interface Wishes {
  readonly feed: Feed
  readonly controls: Controls | undefined
  readonly views: readonly View[]
  /** The page of an agent, if there is one. */
  readonly page: View | undefined
  readonly help: (desk: Desk) => View
  /** Absent where there is none. */
  readonly editor: Editor | undefined
  readonly quit: () => void
  /** Leaves the screen for where it was opened from, if that is somewhere. */
  readonly back?: (() => void) | undefined
  readonly clock?: Clock
}

export type Desk = ReturnType<typeof createDesk>

/**
 * What somebody at the screen looks at, and is about to do. Keys come in, words for the run go out; nothing is drawn here.
 */
export function createDesk(wishes: Wishes) {
  const { feed, controls, views, page, help, editor, quit, back, clock = systemClock } = wishes
  const listeners = new Set<() => void>()
  let version = 0
  let isTyping = false
  let chosen: string | undefined
  const changed = () => {
    version += 1
    for (const listener of listeners) listener()
  }
  const trail = createTrail(views, page, () => {
    isTyping = false
    changed()
  })
  const modes = createModes(changed, clock)
  const answering = createAnswering({ feed, controls, editor, modes, clock, changed })
  const steering = controls && createSteering({ feed, controls, modes, chosen: () => chosen })
  const isLive = () => feed.view.state !== 'succeeded' && feed.view.state !== 'cancelled'

  function pressWrite(mode: Extract<typeof modes.now, { kind: 'write' }>, key: Key): void {
    if (key.name === 'escape') modes.look()
    else if (key.name === 'enter') mode.send(mode.prompt.text)
    else modes.turnTo({ ...mode, prompt: edit(mode.prompt, key) })
  }
  function pressLook(name: string): boolean {
    const next = views.find(({ key }) => key === name)
    if (next) trail.show(next)
    else if (name === 'q') quit()
    else if (name === '?') {
      if (trail.shown.key !== '?') trail.show(help(desk))
    } else if (name === 'escape') {
      if (trail.goBack()) return true
      back?.()
      return back !== undefined
    } else if (!steering || !isLive()) return false
    else return name === 'a' ? answering.begin() : steering.press(name)
    return true
  }

  const desk = {
    subscribe: (listener: () => void) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    snapshot: () => version,
    get view() {
      return trail.shown
    },
    /** What is shown again after it. */
    get before() {
      return trail.before
    },
    get mode() {
      return modes.now
    },
    get chosen() {
      return chosen
    },
    get isTyping() {
      return isTyping
    },
    get note() {
      return modes.note
    },
    get question() {
      return answering.shown()
    },
    say: modes.say,
    choose(key: string) {
      chosen = key
      changed()
    },
    openPage() {
      if (page) trail.show(page)
    },
    typing(is: boolean) {
      isTyping = is
    },
    topOf: answering.topOf,
    keys: (): View['keys'] =>
      keysNow({
        mode: modes.now,
        question: answering.shown(),
        open: answering.open().length,
        canEdit: editor !== undefined,
        canSteer: controls !== undefined && isLive(),
        view: trail.shown,
        canGoBack: trail.shown !== trail.home || back !== undefined,
      }),
    /** False: the key is for the view that is shown. */
    press(key: Key): boolean {
      const { now } = modes
      if (now.kind === 'write') {
        pressWrite(now, key)
        return true
      }
      if (now.kind === 'sure') {
        modes.look()
        if (key.name === 'y') now.send()
        return true
      }
      const question = answering.shown()
      if (question) {
        answering.press(question, key.name)
        return true
      }
      // What was asked was answered by somebody else meanwhile.
      if (now.kind === 'question') modes.look()
      if (isTyping || key.name === 'paste' || takes(trail.shown, key.name)) return false
      return pressLook(key.name)
    },
    end: modes.end,
  }
  return desk
}
