/-! The transport of the native runtime: one command of the community REPL is one request.

The command is `run_cmd Pidistill.answer "<request as JSON>"`, run where the problem's header and this code have been
elaborated, and nothing of any candidate. Its own state is the clean one that statement and submission start from. The
reply is one message that begins with the request's nonce, which no candidate sees. -/

namespace Pidistill
open Lean Elab

/-- The state of the running command as the state in front of every text: no messages, no recorded infos. -/
def cleanHere (st : Command.State) : Clean :=
  let scopes := match st.scopes with
    | scope :: rest => { scope with opts := ours scope.opts } :: rest
    | [] => []
  { imports := [], errors := [], commands := []
    state := { st with messages := {}, scopes := scopes, infoState := { enabled := false }, snapshotTasks := #[] } }
where
  ours (o : Options) : Options :=
    (o.insert `linter.all (DataValue.ofBool false)).insert `Elab.async (DataValue.ofBool false)

/-- As `serve.lean`'s, but that modules beyond the header's are never imported, since the REPL holds one environment per header, and that
the problem's text is elaborated for every request. -/
def answerOne (clean : Clean) (request : Json) : IO Reply := do
  let nothingMore : List Name → IO (Option Clean) := fun _ => pure none
  match ← field request "op" with
  | "elaborate" => elaborate clean nothingMore request
  | "outline" => outline clean.state.env (← field request "source")
  | "hello" => return [("version", Json.str Lean.versionString)]
  | op =>
    let target := (← field request "target").toName
    let st := match clean.state.scopes with
      | scope :: rest => { clean.state with scopes := { scope with opts := strict scope.opts } :: rest }
      | [] => clean.state
    let all ← elabText (inputContext (← field request "statement") "statement") none {} st
    if op == "item" then itemReply all.state.env all.done (onlyErrors all.state.messages.toList) target
    else if op == "judge" then judgeReply clean nothingMore all.state.env target request
    else throw (IO.userError ("unknown operation " ++ op))

def answer (text : String) : Command.CommandElabM Unit := do
  match Json.parse text with
  | .error e => throw (.error .missing (.ofFormat e))
  | .ok request =>
    let nonce ← field request "nonce"
    let clean := cleanHere (← get)
    let fields ← try
        let found ← answerOne clean request
        pure (("event", Json.str "done") :: found)
      catch e => pure [("event", Json.str "trouble"), ("text", Json.str (← e.toMessageData.toString))]
    let reply : Message :=
      { fileName := (← read).fileName, pos := ⟨1, 0⟩, severity := .information
        data := .ofFormat ("@@" ++ nonce ++ " " ++ (Json.mkObj fields).compress) }
    modify fun st => { st with messages := st.messages.add reply }

end Pidistill
