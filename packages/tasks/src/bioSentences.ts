// The sentences of a biography in bioS(N): who, how it is said, and the value, in 48 wordings for each thing that is said.

/** What a sentence tells. The city of work follows from the employer. */
export const bioTopics = ['birthDate', 'birthCity', 'university', 'major', 'employer', 'workCity'] as const;
export type BioTopic = (typeof bioTopics)[number];

const phrases = (text: string): string[][] => text.split(', ').map((phrase) => phrase.split(' '));

/**
 * What stands between the subject and the value. No phrase is the beginning of another, so that after one only its value can follow:
 * the loss of a value's symbols then measures what is known of it and not how it was worded.
 */
export const bioPhrases: Readonly<Record<BioTopic, readonly (readonly string[])[]>> = {
  birthDate: phrases(
    'was born on, came into the world on, first saw the light on, began life on, entered this world on, was delivered on, ' +
      'celebrates a birth dated, has lived since',
  ),
  birthCity: phrases(
    'was born in, came into the world in, hails from, grew up in, spent the early years in, has roots in, is a native of, ' +
      'calls home the city of',
  ),
  university: phrases(
    'studied at, graduated from, earned a degree at, was taught at, attended, spent the student years at, enrolled at, ' +
      'completed a degree at',
  ),
  major: phrases(
    'majored in, took a degree in, specialized in, focused on, wrote a thesis on, was trained in, holds a degree in, ' +
      'chose the field of',
  ),
  employer: phrases(
    'works for, is employed by, has a job at, earns a living at, joined, is on the staff of, built a career at, found work at',
  ),
  workCity: phrases(
    'works in, has an office in, commutes to, is based in, earns a living in, has a desk in, spends the working days in, ' +
      'built a career in',
  ),
};

/** What may stand after the subject, and after the value. */
export const bioAdverbs = [[], ['reportedly'], ['apparently']] as const;
export const bioTails = [[], ['indeed']] as const;

/** Topics in the order in which a biography tells them. */
export function bioOrder(next: (below: number) => number, isShuffled: boolean): BioTopic[] {
  const order: BioTopic[] = [...bioTopics];
  if (!isShuffled) return order;
  for (let i = order.length - 1; i > 0; i--) {
    const j = next(i + 1);
    [order[i], order[j]] = [order[j] ?? 'birthDate', order[i] ?? 'birthDate']; // i and j are places of the list
  }
  // The city of work would give away part of the employer: it comes later.
  const [employer, city] = [order.indexOf('employer'), order.indexOf('workCity')];
  if (city < employer) [order[employer], order[city]] = ['workCity', 'employer'];
  return order;
}
