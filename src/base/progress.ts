/** Called with the work done so far, as in 3 of 20 seeds. */
export type OnProgress = (done: number, total: number, what: string) => void;
