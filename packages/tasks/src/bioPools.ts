// What the people of bioS(N) are made of: made-up pools of the published sizes, each value spelled in words and pieces.

/** A value's words, each as the pieces it can be split into: `[['Ash', 'ford'], ['College']]`. */
export type Spelling = readonly (readonly string[])[];

const list = (text: string): string[] => text.split(' ');

const ONSETS = list('Al Ber Cor Dar El Fen Gar Hal Is Jor Kel Lor Mar Nor Or Per Quin Ros Sel Tor');
const FIRST = list('a ac an ea en eth ia ian ic in ina is ito o ona or os ra ul yn');
const MIDDLE = list('bert dane fred gard lan leigh lyn man mer mond nell rick rim ron ry sha tan ton vin wyn');
const LAST = list(
  'Ash Bram Crow Dun Elm Fair Glen Hart Hol Iron Kirk Lang Mill North Oak Pem Rad Sher Stan Thorn Under Vale West Wood Yard',
);
const LAST_ENDS = list(
  'bank berry bourne bridge brook burn bury by cliff combe cote croft dale den don field ford gate grove ham hill house hurst ' +
    'land ley low man mere mont moor more ridge shaw side son stead stone ton well worth',
);
const CITY = list('Avon Bel Cal Dor Ever Fal Grand Har Ing Jas Lin Mon New Ox Port River Spring Tal Val Win');
const CITY_ENDS = list('ara borough chester falls fort haven mouth polis vale ville');
const SCHOOL = list('Ald Brun Cam Dart Est Fox Gray Hux Lex Mar Pax Whit');
const SCHOOL_ENDS = list('ington more ner son well');
const SCHOOL_KINDS = list('Academy College Institute Polytechnic University');
const BRANCHES = list(
  'Applied Clinical Comparative Computational Environmental General Historical Industrial Social Theoretical',
);
const SUBJECTS = list(
  'Biology Chemistry Design Economics Engineering Geography Linguistics Mathematics Philosophy Psychology',
);
const FIRM = list('Acro Bio Cyber Data Eco Geo Hydro Omni Terra');
const FIRM_ENDS = list('dyne nova tech');
const FIRM_KINDS = list('Analytics Bank Energy Foods Group Insurance Labs Motors Partners Systems');
const MONTHS = list('January February March April May June July August September October November December');
const DAYS = Array.from({ length: 28 }, (_, d) => String(d + 1));
const CENTURIES = list('19 20');
const YEARS = Array.from({ length: 100 }, (_, y) => String(y).padStart(2, '0'));

/** Values made of one word from each list. */
export interface Pool {
  /** How many values there are: the product of the lists, or fewer. */
  readonly size: number;
  /** The words to choose from at each place, each as its pieces. */
  readonly words: readonly (readonly (readonly string[])[])[];
}

const joined = (starts: readonly string[], ends: readonly string[]): string[][] =>
  starts.flatMap((start) => ends.map((end) => [start, end]));
const single = (words: readonly string[]): string[][] => words.map((word) => [word]);
const pool = (...words: (readonly (readonly string[])[])[]): Pool => ({
  size: words.reduce((size, choices) => size * choices.length, 1),
  words,
});

export const bioPools = {
  firstName: pool(joined(ONSETS, FIRST)),
  middleName: pool(joined(ONSETS, MIDDLE)),
  lastName: pool(joined(LAST, LAST_ENDS)),
  gender: pool(single(['He', 'She'])),
  /** Month, day and year, without the comma between. */
  birthDate: pool(single(MONTHS), single(DAYS), joined(CENTURIES, YEARS)),
  birthCity: pool(joined(CITY, CITY_ENDS)),
  university: pool(joined(SCHOOL, SCHOOL_ENDS), single(SCHOOL_KINDS)),
  major: pool(single(BRANCHES), single(SUBJECTS)),
  employer: { ...pool(joined(FIRM, FIRM_ENDS), single(FIRM_KINDS)), size: 263 },
} as const satisfies Readonly<Record<string, Pool>>;

/** Value number `index` of a pool; the word at the last place runs fastest. */
export function spelling({ words }: Pool, index: number): Spelling {
  let rest = index;
  return words
    .toReversed()
    .map((choices) => {
      const word = choices[rest % choices.length] ?? [];
      rest = Math.floor(rest / choices.length);
      return word;
    })
    .reverse();
}

/** Cities with an employer in them. */
const WORK_CITIES = 133;

/** The city an employer is in, a number of the pool of birth cities; it follows from the employer, so it carries no bits. */
export function workCity(employer: number): number {
  return employer % WORK_CITIES;
}

/** The values a person has beside the name, in the order of {@link bioPools}. */
export const bioValues = ['gender', 'birthDate', 'birthCity', 'university', 'major', 'employer'] as const;
export type BioValue = (typeof bioValues)[number];

/** N0: how many full names there are. */
export const nameSpace = bioPools.firstName.size * bioPools.middleName.size * bioPools.lastName.size;
