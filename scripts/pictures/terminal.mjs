// A terminal that nobody sits at: tmux, in a server of its own that knows nothing of the user's.
import { execFileSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'

const SERVER = ['-L', `crew-pictures-${process.pid}`, '-f', '/dev/null']
/** Milliseconds for which a screen may take to show something. */
const PATIENCE = 12_000

const tmux = (...args) => execFileSync('tmux', [...SERVER, ...args], { encoding: 'utf8' })

export function hasTmux() {
  try {
    execFileSync('tmux', ['-V'])
    return true
  } catch {
    return false
  }
}

/** Starts a shell command; `env` is all that it gets besides PATH, HOME and what a terminal sets. */
export function open(name, command, { columns, rows, cwd, env }) {
  const given = { PATH: process.env.PATH, HOME: process.env.HOME, LC_ALL: 'C.UTF-8', ...env }
  const pairs = Object.entries(given).map(([key, value]) => `${key}='${value}'`)
  const shell = `exec env -u CI -u NO_COLOR ${pairs.join(' ')} sh -c '${command.replaceAll("'", `'\\''`)}; printf "\\n[exit %s]" $?; exec sleep 3600'`
  tmux('-u', 'new-session', '-d', '-s', name, '-x', columns, '-y', rows, '-c', cwd, shell)
  tmux('set', '-g', 'status', 'off')
  tmux('set', '-ga', 'terminal-overrides', ',*:Tc')
  const terminal = {
    /** Presses keys one after the other, as somebody would. */
    async take(keys, words) {
      for (const key of keys) {
        tmux('send-keys', '-t', name, key)
        await sleep(150)
      }
      await sleep(200)
      return terminal.shows(words)
    },
    async resize(size) {
      tmux('resize-window', '-t', name, '-x', size.columns, '-y', size.rows)
      await sleep(400)
    },
    /** The screen as it stands, with colours, once `words` are on it. */
    async shows(words) {
      let screen = ''
      for (let waited = 0; waited < PATIENCE; waited += 100) {
        screen = tmux('capture-pane', '-t', name, '-p')
        if (words.test(screen)) return tmux('capture-pane', '-t', name, '-e', '-p')
        await sleep(100)
      }
      throw new Error(`${name} does not show ${words} but\n${screen}`)
    },
    close: () => tmux('kill-session', '-t', name),
  }
  return terminal
}

export function closeAll() {
  try {
    execFileSync('tmux', [...SERVER, 'kill-server'], { stdio: 'ignore' })
  } catch {
    // Nothing was open.
  }
}
