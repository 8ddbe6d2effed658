import { fuzz } from "../../formats/fuzz.ts";

fuzz(200_000);
