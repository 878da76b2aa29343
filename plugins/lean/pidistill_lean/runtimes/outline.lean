/-! The outline of a source text: parsed, never elaborated. Offsets are bytes of the text's UTF-8. -/

namespace Pidistill
open Lean Elab

partial def parseAll (ictx : Parser.InputContext) (pmctx : Parser.ParserModuleContext) (ps : Parser.ModuleParserState) (log : MessageLog)
    (acc : List Syntax) : List Syntax × MessageLog :=
  let (cmd, ps', log) := Parser.parseCommand ictx pmctx ps log
  if Parser.isTerminalCommand cmd then (acc, log) else parseAll ictx pmctx ps' log (cmd :: acc)

/-- Of commands, last first: the last theorem. -/
partial def lastTheorem : List Syntax → Option Syntax
  | [] => none
  | cmd :: rest =>
    let inner := if cmd.getKind == ``Parser.Command.in then lastTheorem [argument cmd 2] else none
    match inner with
    | some found => some found
    | none =>
      let body := argument cmd 1
      if (cmd.getKind == ``Parser.Command.declaration && body.getKind == ``Parser.Command.theorem) || lastText cmd.getKind == "lemma" then some body
      else lastTheorem rest

def tactics (seq : Syntax) : List Syntax :=
  let block := argument seq 0
  let items := if block.getKind == ``Parser.Tactic.tacticSeqBracketed then argument block 1 else argument block 0
  let rec every : List Syntax → List Syntax
    | x :: _ :: rest => x :: every rest
    | [x] => [x]
    | [] => []
  every items.getArgs.toList

def spot (p : Option String.Pos.Raw) : Json :=
  match p with
  | some p => toJson p.byteIdx
  | none => Json.null

def haveKinds : List Name := [``Parser.Tactic.tacticHave__]

partial def steps (stx : Syntax) (depth : Nat) (acc : List Json) : List Json :=
  if stx.getKind == ``Parser.Tactic.tacticSeq then each (tactics stx) depth acc
  else
    match stx with
    | .node _ k args =>
      if k == ``Parser.Term.byTactic then acc
      else all args.toList depth acc
    | _ => acc
where
  all : List Syntax → Nat → List Json → List Json
    | [], _, acc => acc
    | x :: rest, depth, acc => all rest depth (steps x depth acc)
  each : List Syntax → Nat → List Json → List Json
    | [], _, acc => acc
    | tac :: rest, depth, acc =>
      let place := [("start", spot tac.getPos?), ("end", spot tac.getTailPos?), ("depth", toJson depth)]
      if hasName haveKinds tac.getKind then
        let decl := argument (argument tac 2) 0
        let named := if decl.getKind == ``Parser.Term.letIdDecl then (argument (argument decl 0) 0) else Syntax.missing
        let name := match named with
          | .ident _ _ n _ => nameText n
          | _ => ""
        let type := if decl.getKind == ``Parser.Term.letIdDecl then argument decl 2 else if decl.getKind == ``Parser.Term.letPatDecl then argument decl 2 else argument decl 1
        let stated := match type.getTailPos? with
          | some p => some p
          | none => (argument decl 0).getTailPos?
        let value := argument decl 4
        let acc := Json.mkObj (join place [("kind", Json.str "have"), ("name", Json.str name), ("statement_end", spot stated)]) :: acc
        let acc := if value.getKind == ``Parser.Term.byTactic then steps (argument value 1) (depth + 1) acc else acc
        each rest depth acc
      else each rest depth (steps tac depth (Json.mkObj (join place [("kind", Json.str "other")]) :: acc))

def outline (env : Environment) (source : String) : IO (List (String × Json)) := do
  let ictx := inputContext source "source"
  let (_, ps, log) ← Parser.parseHeader ictx
  let pmctx : Parser.ParserModuleContext := { env := env, options := {} }
  let (cmds, log) := parseAll ictx pmctx ps log []
  let errors ← jsonLog log.toList
  let last := lastTheorem cmds
  let name := match last with
    | some body => firstToken (argument (argument body 1) 0)
    | none => ""
  let named := ("theorem", Json.str name)
  let proof := match last with
    | some body =>
      -- the `by` of the theorem itself, not one inside a term
      let value := argument body 3
      let term := argument value 1
      if term.getKind == ``Parser.Term.byTactic then some (argument term 1) else none
    | none => none
  match proof with
  | none => return [named, ("errors", errors), ("proof_start", Json.null), ("steps", Json.arr #[])]
  | some seq =>
    return [named, ("errors", errors), ("proof_start", spot seq.getPos?), ("steps", Json.arr (turn (steps seq 0 []) []).toArray)]

end Pidistill
