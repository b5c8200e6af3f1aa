export { axisX, axisY, dot, gridX, link, plot, ruleX, ruleY, text, tickX } from "@observablehq/plot";
