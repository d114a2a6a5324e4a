import type { Json } from '../../../src/json.ts'
import type { Part } from '../../helpers/scripted.ts'
import type { Trials } from './members.ts'

const says = (can: string, needs: Json = []) => ({ can, needs, why: 'That is how it is.' })

/** Assesses what it is asked, and says something else when it is to work. */
const peer =
  (assessment: Json, work: string): Part =>
  told => {
    if (told.includes('Name every contradiction')) return { contradictions: [] }
    return told.includes('Do not do this now') ? assessment : work
  }

const member = (name: string) => ({ role: `You are ${name}.`, retry: { attempts: 1 } })
const agents = { gen: member('gen'), chem: member('chem'), law: member('law') }
const needs = [
  { what: 'Say whether it burns.', from: 'chem' },
  { what: 'Say whether it is legal.', from: null },
]
const pattern = { kind: 'peers', start: 'gen', peers: ['gen', 'chem', 'law'] }

export const trials: Trials = {
  'help from two, one of whom dies and is replaced': {
    parts: {
      gen: peer(says('part', needs), 'Keep it cool, and get a permit.'),
      chem: peer(says('all'), ''),
      law: peer(says('all'), 'It is legal.'),
    },
    definition: { agents, pattern },
  },
  'a task that is passed on from one to the next': {
    parts: {
      gen: peer(says('none'), 'never'),
      chem: peer(says('none', [{ what: 'all of it', from: 'law' }]), 'never'),
      law: peer(says('decline'), 'never'),
    },
    definition: { agents, pattern },
    state: 'failed',
  },
  'a peer that does it alone': {
    parts: { gen: peer(says('all'), 'Done.') },
    definition: { agents, pattern },
  },
  'a chain that is too long': {
    parts: {
      gen: peer(says('part', needs.slice(0, 1)), 'never'),
      chem: peer(says('part', [{ what: 'The law of it.', from: 'law' }]), 'never'),
      law: peer(says('all'), 'It is legal.'),
    },
    definition: { agents, pattern: { ...pattern, depth: 1 } },
    state: 'failed',
  },
}
