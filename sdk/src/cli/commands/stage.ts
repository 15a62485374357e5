import { closeCall } from "../../generated/actions/subscriptionPlan/close.js";
import { endCall } from "../../generated/actions/subscriptionPlan/end.js";
import { PlanStage } from "../../generated/types.js";
import { headline } from "../describeTerms.js";
import { readPlan, stageName } from "../plans.js";
import { type CommonOptions, type Io, missingConsent, openSession, type Report } from "../session.js";
import { outcomeJson, outcomeText, perform } from "../transaction.js";
import { missingAddress, planAddress } from "./arguments.js";

type Change = { stage: PlanStage; purpose: string; question: string };

const CLOSE: Change = {
  stage: PlanStage.Closed,
  purpose: "close the plan to new subscribers",
  question: "Close the plan for good? Those who are subscribed go on being charged.",
};

const END: Change = {
  stage: PlanStage.Ended,
  purpose: "end the plan",
  question: "End the plan for good? Nobody is charged any more; what is paid stays paid.",
};

/** Takes no more subscribers. */
export async function closePlan(io: Io, planText: string | undefined, options: CommonOptions): Promise<Report> {
  return changeStage(io, planText, options, CLOSE);
}

/** Charges nobody any more. */
export async function endPlan(io: Io, planText: string | undefined, options: CommonOptions): Promise<Report> {
  return changeStage(io, planText, options, END);
}

async function changeStage(
  io: Io,
  planText: string | undefined,
  options: CommonOptions,
  { purpose, question, stage }: Change,
): Promise<Report> {
  const session = await openSession(io, options, {
    needsKey: !options.dryRun,
    missing: [missingAddress(io, planText, "plan"), missingConsent(io, options)],
  });
  const plan = await readPlan(session.client, await planAddress(io, planText));
  const { address, terms, token } = plan;
  if (plan.stage >= stage) {
    return {
      text: [`${address} is ${stageName(plan.stage)} already. Nothing was sent.`],
      json: { plan: address, stage: stageName(plan.stage), dryRun: options.dryRun ?? false, transactions: [] },
    };
  }
  const call = stage === PlanStage.Closed ? closeCall({ address }) : endCall({ address });
  const outcome = await perform(session, {
    steps: [{ purpose, call, movements: [] }],
    otherwise: terms.receiver,
    question,
    token,
  });
  const isDone = !outcome.isDryRun;
  return {
    text: [
      `${address}, ${headline(terms, token)}, ${isDone ? "is" : "would be"} ${stageName(stage)}.`,
      ...outcomeText(outcome, session),
    ],
    json: { plan: address, stage: stageName(isDone ? stage : plan.stage), ...outcomeJson(outcome) },
  };
}
