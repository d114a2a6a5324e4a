import type { Question } from '../../store/questions.ts'

/** What a person can do about a run from the screen: words that are left for it, as the commands of the same names do. */
export interface Controls {
  /** Rejects with a CrewError whose message is shown. */
  answer(question: Question, answer: string): Promise<void>
  pause(): Promise<void>
  cancel(reason: string): Promise<void>
  tell(agent: string, words: string): Promise<void>
}
