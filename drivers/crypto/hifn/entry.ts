import { hifnCard } from "./card_worker.ts";

/** Entry of the card's Worker when the code runs from its source files. */
hifnCard();
