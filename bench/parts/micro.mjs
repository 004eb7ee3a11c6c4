/** What the steps of a record cost, in a process of its own. */
import { withContestant } from "../contestant.mjs";

export const measureMicro = ({ budget }) => withContestant((contestant) => contestant.ask("micro", budget));
