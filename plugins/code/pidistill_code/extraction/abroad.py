"""Labels above blocks of code in other languages than English, as far as they are of one kind: what another version is
called, wrong, old or the asker's. A label counts as a whole, so that no sentence is misread.
"""

from __future__ import annotations

import re

_LABELS = (
    r"(?!(?:你|您)的(?:代码|程序|答案)(?:是|为)?如下)(?:(?:错误|不正确|有问题|有误|有bug|原来|原始|原有|之前|以前|修改前|旧|反例|你|您|题目中|问题中)的?)+"
    r"(?:示例|例子|代码|写法|版本|实现|做法|解法|程序|答案)?(?:是|为|如下|（.*)*",
    r"(?:誤った|間違った|元の|以前の|修正前の?|悪い|古い|あなたの)(?:例|コード|実装|バージョン)?",
    r"(?:잘못된|틀린|원래|기존|이전|수정 전) ?(?:예|예시|코드|구현|버전)?",
    r"(?:(?:el |la |tu )?(?:código|versión|ejemplo|solución) )?(?:incorrect[oa]|erróne[oa]|equivocad[oa]|anterior)",
    r"(?:tu|el) código(?: original)?|código original|antes|mal",
    r"(?:(?:o |seu )?(?:código|versão|exemplo) )?(?:incorret[oa]|errad[oa]|anterior)|seu código",
    r"(?:(?:il |tuo )?(?:codice|versione|esempio) )?(?:errat[oa]|sbagliat[oa]|precedente)|il tuo codice",
    r"(?:falsche|fehlerhafte|ursprüngliche|alte|bisherige)[rs]? (?:code|version|fassung|beispiel)|(?:dein|ihr) code",
    r"falsch|fehlerhaft|vorher",
    r"(?:le |la |votre |ton )?(?:code|version|exemple|solution) (?:erronée?|incorrecte?|fauti(?:f|ve)|précédente?)",
    r"(?:votre|ton) code|code d['’]origine|avant|faux",
    r"(?:неправильн|неверн|ошибочн|исходн|стар|прежн)(?:ый|ая|ое|о)(?: (?:код|вариант|версия|решение|пример))?",
    r"ваш код|было",
)
_ANOTHER = re.compile("|".join(_LABELS))


def announces_another(label: str) -> bool:
    """Whether a label, in small letters, calls what is below it another version."""
    return _ANOTHER.fullmatch(label) is not None
