import type { Trial } from '../specs/teams/members.ts'
import { trials } from '../specs/teams/tasks.ts'
import type { NamedTrial } from './every-trial.ts'

const name = 'a plan with a circle that is mended, one task that fails, and a contradiction'

/** A team that plans, works at several things at once, fails in part, and puts all together: a little of everything. */
export const PLANNED: NamedTrial = { pattern: 'tasks', name, trial: trials[name] as Trial }
