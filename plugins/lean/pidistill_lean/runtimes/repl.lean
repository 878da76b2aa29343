/-! The transport of the native runtime: one command of the community REPL is one request.

The command is `run_cmd Pidistill.answer "<request as JSON>"`, run where the problem's header and this code have been
elaborated, and nothing of any candidate. Its own state is the clean one that statement and submission start from. The reply is
one message that begins with the request's nonce, which no candidate sees. -/

namespace Pidistill
open Lean Elab

/-- The state of the running command as the state in front of every text: no messages, no recorded infos. -/
def cleanHere : Command.CommandElabM Clean := do
  let st ← get
  let own ← getScopes
  let scopes := match own with
    | scope :: rest => { scope with opts := mergeOptions scope.opts } :: rest
    | [] => []
  pure { imports := [], state := { st with messages := {}, scopes := scopes, infoState := { enabled := false } }, errors := [] }
where
  mergeOptions (o : Options) : Options :=
    (o.insert `linter.all (DataValue.ofBool false)).insert `Elab.async (DataValue.ofBool false)

def answerOne (clean : Clean) (request : Json) : IO (List (String × Json)) := do
  let op ← field request "op"
  if op == "check" then
    checkFields clean (← field request "statement") (← field request "submission") (← field request "target")
  else if op == "outline" then outlineFields clean (← field request "source")
  else if op == "hello" then pure [("event", Json.str "done"), ("version", Json.str Lean.versionString)]
  else pure [("event", Json.str "trouble"), ("text", Json.str ("unknown operation " ++ op))]

def answer (text : String) : Command.CommandElabM Unit := do
  match Json.parse text with
  | .error e => logInfo m!"@@? {e}"
  | .ok request =>
    let clean ← cleanHere
    let nonce ← field request "nonce"
    let fields ← try answerOne clean request
      catch e => pure [("event", Json.str "trouble"), ("text", Json.str (← e.toMessageData.toString))]
    logInfo m!"@@{nonce} {(Json.mkObj fields).compress}"

end Pidistill
