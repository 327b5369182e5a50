// The page of one data set.
import { enableDeleting } from "./delete_dataset.js";
import { root } from "./service.js";

if (document.getElementById("confirm")) enableDeleting(() => location.assign(`${root}/datasets`));
