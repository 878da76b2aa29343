/-! What the trusted programs beside this file share: `basics`, `gate`, `judge`, `outline`, in this order.

None of them talks to the outside: `serve.lean` adds the transport of the WebAssembly runtime, and a REPL session may elaborate
the four as commands. No import stands here for that reason; `import Lean` is the caller's.

Loops are own recursion over lists: the build of Lean in WebAssembly has only the exported halves of its modules, and
an interpreted program cannot call the specialised helpers that `for` and many list functions compile to.
-/

namespace Pidistill
open Lean Elab

/-! ## Small things -/

def forList {α : Type} (xs : List α) (act : α → IO Unit) : IO Unit :=
  match xs with
  | [] => pure ()
  | x :: rest => do act x; forList rest act

def mapList {α β : Type} (xs : List α) (f : α → IO β) : IO (List β) :=
  match xs with
  | [] => pure []
  | x :: rest => do let y ← f x; let ys ← mapList rest f; pure (y :: ys)

def anyList {α : Type} (xs : List α) (p : α → Bool) : Bool :=
  match xs with
  | [] => false
  | x :: rest => p x || anyList rest p

def join {α : Type} (xs ys : List α) : List α :=
  match xs with
  | [] => ys
  | x :: rest => x :: join rest ys

def count {α : Type} (xs : List α) : Nat :=
  match xs with
  | [] => 0
  | _ :: rest => count rest + 1

def nameText : Name → String
  | .anonymous => ""
  | .str .anonymous s => s
  | .num .anonymous n => Nat.repr n
  | .str p s => nameText p ++ "." ++ s
  | .num p n => nameText p ++ "." ++ Nat.repr n

def userText (n : Name) : String := nameText (privateToUserName n)

def hasName (xs : List Name) (n : Name) : Bool := anyList xs (fun x => x == n)

def inputContext (source name : String) : Parser.InputContext :=
  { inputString := source, fileName := name, fileMap := FileMap.ofString source
    endPos := source.rawEndPos, endPos_valid := by simp }

def jsonNames (xs : List Name) : IO Json := do
  let ys ← mapList xs (fun n => pure (Json.str (userText n)))
  pure (Json.arr ys.toArray)

def jsonMessage (severity text : String) (pos : Position) (endPos : Option Position) : Json :=
  let base := [("severity", Json.str severity), ("text", Json.str text), ("line", toJson pos.line), ("column", toJson pos.column)]
  match endPos with
  | some e => Json.mkObj (join base [("end_line", toJson e.line), ("end_column", toJson e.column)])
  | none => Json.mkObj base

def severityName : MessageSeverity → String
  | .information => "information"
  | .warning => "warning"
  | .error => "error"

/-- No reply shall be longer than its reader can take: more messages than this are left out, and longer ones. Whether there was
an error is never asked of what is left. -/
def mostMessages : Nat := 200
def mostErrors : Nat := 50
def longestMessage : Nat := 50000

def firstFew {α : Type} (n : Nat) (xs : List α) : List α :=
  match n, xs with
  | Nat.succ m, x :: rest => x :: firstFew m rest
  | _, _ => []

def isError (m : Message) : Bool :=
  match m.severity with
  | .error => true
  | _ => false

def onlyErrors : List Message → List Message
  | [] => []
  | m :: rest => if isError m then m :: onlyErrors rest else onlyErrors rest

/-- At most `n` of them, and errors rather than others. -/
def mostTelling (n errors : Nat) : List Message → List Message
  | [] => []
  | m :: rest =>
    match isError m, n, errors with
    | true, n, Nat.succ e => m :: mostTelling n e rest
    | false, Nat.succ n, e => m :: mostTelling n e rest
    | _, n, e => mostTelling n e rest

def jsonLog (log : List Message) : IO Json := do
  let ys ← mapList (mostTelling mostMessages mostErrors log) (fun m => do
    let text ← m.data.toString
    let text := if text.utf8ByteSize > longestMessage then "(a message of " ++ Nat.repr text.utf8ByteSize ++ " bytes)" else text
    pure (jsonMessage (severityName m.severity) text m.pos m.endPos))
  pure (Json.arr ys.toArray)

abbrev Kernel' := Lean.Kernel.Environment

def constantsOf (e : Expr) : List Name := e.getUsedConstants.toList

/-- What a constant's acceptance by the kernel depends on. -/
def dependencies (c : ConstantInfo) : List Name :=
  let t := constantsOf c.type
  match c with
  | .defnInfo v => join t (constantsOf v.value)
  | .thmInfo v => join t (constantsOf v.value)
  | .opaqueInfo v => join t (constantsOf v.value)
  | .inductInfo v => join t (join v.ctors v.all)
  | .ctorInfo v => v.induct :: t
  | .recInfo v => join v.all t
  | _ => t

def turn {α : Type} (xs acc : List α) : List α :=
  match xs with
  | [] => acc
  | x :: rest => turn rest (x :: acc)

/-! ## What a constant rests on -/

/-- Axioms of Lean's library that are reported by name, for where its theorems look like axioms: see `libraryAxiom`. -/
def libraryAxioms : List Name :=
  [``propext, ``Classical.choice, ``Quot.sound, ``sorryAx, ``Lean.ofReduceBool, ``Lean.ofReduceNat, ``Lean.trustCompiler,
   ``lcProof, ``lcUnreachable, ``lcAny, ``lcErased]

structure Closure where
  seen : NameSet
  /-- Made by the submission, dependencies first. -/
  made : List Name
  axioms : List Name

/-- All that `n` rests on. -/
partial def close (known : Name → Bool) (k : Kernel') (n : Name) (acc : Closure) : Closure :=
  if acc.seen.contains n then acc
  else
    let acc := { acc with seen := acc.seen.insert n }
    if known n then
      if hasName libraryAxioms n then { acc with axioms := n :: acc.axioms } else acc
    else
      match k.find? n with
      | none => acc
      | some c =>
        let rec all : List Name → Closure → Closure
          | [], acc => acc
          | d :: rest, acc => all rest (close known k d acc)
        let acc := all (dependencies c) acc
        let acc := { acc with made := n :: acc.made }
        match c with
        | .axiomInfo _ => { acc with axioms := n :: acc.axioms }
        | _ => acc

def sameSafety : DefinitionSafety → DefinitionSafety → Bool
  | .safe, .safe => true
  | .unsafe, .unsafe => true
  | .partial, .partial => true
  | _, _ => false

end Pidistill
