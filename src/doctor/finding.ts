/** What was looked at, and how it was found. */
export interface Finding {
  readonly what: string
  /** `absent`: not there, and not needed. */
  readonly state: 'ok' | 'broken' | 'absent'
  readonly says: string
  /** The one thing that mends it. */
  readonly fix?: string
}

export const ok = (what: string, says: string): Finding => ({ what, state: 'ok', says })
export const absent = (what: string, says: string): Finding => ({ what, state: 'absent', says })
export const broken = (what: string, says: string, fix?: string): Finding => ({
  what,
  state: 'broken',
  says,
  ...(fix !== undefined && { fix }),
})
