"""Every sentence the documents of a case say, in bokmål and nynorsk; the layout has its own words (`labels.typ`)."""

from collections.abc import Mapping
from dataclasses import dataclass

from agreements.case import EndReason, EvaluationOutcome, FilingKind
from agreements.documents import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What one language says.

    `file_names` and `evaluation_title` have the places {number} and {sequence}, `score` {statement} and {score}, the
    folders' titles {number} and {name}.
    """

    end_reasons: Mapping[EndReason, str]
    outcomes: Mapping[EvaluationOutcome, str]
    file_names: Mapping[FilingKind, str]
    new_version_file_name: str
    case_folder_title: str
    personnel_folder_title: str
    employee: str
    manager: str
    weekdays_open: str
    accepted_in_form: str
    uploaded_signed: str
    approved_in_form: str
    hr_for_employee: str
    hr_for_manager: str
    approved_by_hr: str
    proposed_by_hr: str
    accepted_by_hr: str
    proposed_change: str
    accepted_change: str
    evaluation_title: str
    evaluated_by: str
    evaluated_on: str
    due_on: str
    outcome: str
    score: str
    information_title: str
    unit: str
    period: str
    from_to: str
    discussed_on: str
    instead_of_agreement: str
    end_note_title: str
    imposed_end_note_title: str
    imposed_from: str
    started_on: str
    last_day: str
    imposed_last_day: str
    notice: str
    notice_by_employee: str
    notice_by_employer: str
    notice_by_hr: str
    ended_on: str
    reason: str


BOKMAL = Wording(
    end_reasons={
        EndReason.REJECTED: "Søknaden er ikke innvilget",
        EndReason.WITHDRAWN: "Søknaden er trukket",
        EndReason.LAPSED: "Dokumentasjonen kom ikke innen fristen",
        EndReason.EXPIRED: "Avtaleperioden er over",
        EndReason.RENEWED: "Avtalen er avløst av en ny avtale",
        EndReason.TERMINATED: "Avtalen er sagt opp",
        EndReason.LEFT: "Arbeidsforholdet er avsluttet",
        EndReason.REVERTED: "Perioden med pålagt hjemmekontor er over",
    },
    outcomes={
        EvaluationOutcome.CONTINUE: "Avtalen fortsetter",
        EvaluationOutcome.ADJUST: "Avtalen fortsetter med justeringer",
        EvaluationOutcome.END: "Avtalen avsluttes",
    },
    file_names={
        FilingKind.AGREEMENT: "Avtale om hjemmekontor {number}.pdf",
        FilingKind.SIGNED_AGREEMENT: "Signert avtale om hjemmekontor {number}.pdf",
        FilingKind.PHOTO: "Bilde av arbeidsplassen {number}.jpg",
        FilingKind.INFORMATION: "Informasjon om pålagt hjemmekontor {number}.pdf",
        FilingKind.EVALUATION: "Evaluering {sequence} av hjemmekontor {number}.pdf",
        FilingKind.END_NOTE: "Sluttnotat hjemmekontor {number}.pdf",
        FilingKind.ARKIVMELDING: "arkivmelding {number} {sequence}.xml",
    },
    new_version_file_name="Avtale om hjemmekontor {number} versjon {sequence}.pdf",
    case_folder_title="Hjemmekontor {number} - {name}",
    personnel_folder_title="Personalmappe - {name}",
    employee="Arbeidstaker",
    manager="Leder",
    weekdays_open="etter avtale med leder",
    accepted_in_form="Godtok avtalen i SharePoint-skjema",
    uploaded_signed="Lastet opp signert avtale",
    approved_in_form="Godkjente i SharePoint-skjema",
    hr_for_employee="HR, på vegne av arbeidstaker",
    hr_for_manager="HR, på vegne av nærmeste leder",
    approved_by_hr="Godkjenning registrert av HR",
    proposed_by_hr="Forslag til endring {version} av avtalen registrert av HR",
    accepted_by_hr="Godkjenning av endring {version} av avtalen registrert av HR",
    proposed_change="Foreslo endring {version} av avtalen i SharePoint-skjema",
    accepted_change="Godtok endring {version} av avtalen i SharePoint-skjema",
    evaluation_title="Evaluering {sequence} av avtale om hjemmekontor",
    evaluated_by="Evaluert av",
    evaluated_on="Evaluert",
    due_on="Evaluering planlagt fra",
    outcome="Resultat",
    score="«{statement}» {score} av 5 (1 er helt uenig, 5 er helt enig).",
    information_title="Informasjon om pålagt hjemmekontor",
    unit="Enhet",
    period="Periode",
    from_to="{start_on} til og med {end_on}",
    discussed_on="Drøftet med tillitsvalgte",
    instead_of_agreement=(
        "Det er bestemt at arbeidstakeren skal arbeide hjemme i perioden. Denne informasjonen trer i stedet for en "
        "egen avtale (forskrift om arbeid som utføres i arbeidstakers hjem § 2). Der vilkårene under sier «avtalen», "
        "menes perioden med pålagt hjemmekontor."
    ),
    end_note_title="Sluttnotat: avtale om hjemmekontor",
    imposed_end_note_title="Sluttnotat: pålagt hjemmekontor",
    imposed_from="Pålagt hjemmekontor fra",
    started_on="Avtalen gjaldt fra",
    last_day="Avtalen gjaldt til og med",
    imposed_last_day="Pålagt hjemmekontor til og med",
    notice="Oppsigelse",
    notice_by_employee="Fra arbeidstaker",
    notice_by_employer="Fra arbeidsgiver",
    notice_by_hr="Registrert av HR",
    ended_on="Saken ble avsluttet",
    reason="Grunn",
)
NYNORSK = Wording(
    end_reasons={
        EndReason.REJECTED: "Søknaden er ikkje innvilga",
        EndReason.WITHDRAWN: "Søknaden er trekt",
        EndReason.LAPSED: "Dokumentasjonen kom ikkje innan fristen",
        EndReason.EXPIRED: "Avtaleperioden er over",
        EndReason.RENEWED: "Avtalen er avløyst av ein ny avtale",
        EndReason.TERMINATED: "Avtalen er sagd opp",
        EndReason.LEFT: "Arbeidsforholdet er avslutta",
        EndReason.REVERTED: "Perioden med pålagt heimekontor er over",
    },
    outcomes={
        EvaluationOutcome.CONTINUE: "Avtalen held fram",
        EvaluationOutcome.ADJUST: "Avtalen held fram med justeringar",
        EvaluationOutcome.END: "Avtalen blir avslutta",
    },
    file_names={
        FilingKind.AGREEMENT: "Avtale om heimekontor {number}.pdf",
        FilingKind.SIGNED_AGREEMENT: "Signert avtale om heimekontor {number}.pdf",
        FilingKind.PHOTO: "Bilete av arbeidsplassen {number}.jpg",
        FilingKind.INFORMATION: "Informasjon om pålagt heimekontor {number}.pdf",
        FilingKind.EVALUATION: "Evaluering {sequence} av heimekontor {number}.pdf",
        FilingKind.END_NOTE: "Sluttnotat heimekontor {number}.pdf",
        FilingKind.ARKIVMELDING: "arkivmelding {number} {sequence}.xml",
    },
    new_version_file_name="Avtale om heimekontor {number} versjon {sequence}.pdf",
    case_folder_title="Heimekontor {number} - {name}",
    personnel_folder_title="Personalmappe - {name}",
    employee="Arbeidstakar",
    manager="Leiar",
    weekdays_open="etter avtale med leiar",
    accepted_in_form="Godtok avtalen i SharePoint-skjema",
    uploaded_signed="Lasta opp signert avtale",
    approved_in_form="Godkjende i SharePoint-skjema",
    hr_for_employee="HR, på vegner av arbeidstakaren",
    hr_for_manager="HR, på vegner av næraste leiar",
    approved_by_hr="Godkjenning registrert av HR",
    proposed_by_hr="Framlegg om endring {version} av avtalen registrert av HR",
    accepted_by_hr="Godkjenning av endring {version} av avtalen registrert av HR",
    proposed_change="Foreslo endring {version} av avtalen i SharePoint-skjema",
    accepted_change="Godtok endring {version} av avtalen i SharePoint-skjema",
    evaluation_title="Evaluering {sequence} av avtale om heimekontor",
    evaluated_by="Evaluert av",
    evaluated_on="Evaluert",
    due_on="Evaluering planlagd frå",
    outcome="Resultat",
    score="«{statement}» {score} av 5 (1 er heilt ueinig, 5 er heilt einig).",
    information_title="Informasjon om pålagt heimekontor",
    unit="Eining",
    period="Periode",
    from_to="{start_on} til og med {end_on}",
    discussed_on="Drøfta med tillitsvalde",
    instead_of_agreement=(
        "Det er bestemt at arbeidstakaren skal arbeide heime i perioden. Denne informasjonen kjem i staden for ein "
        "eigen avtale (forskrift om arbeid som utføres i arbeidstakers hjem § 2). Der vilkåra under seier «avtalen», "
        "er det perioden med pålagt heimekontor det gjeld."
    ),
    end_note_title="Sluttnotat: avtale om heimekontor",
    imposed_end_note_title="Sluttnotat: pålagt heimekontor",
    imposed_from="Pålagt heimekontor frå",
    started_on="Avtalen gjaldt frå",
    last_day="Avtalen gjaldt til og med",
    imposed_last_day="Pålagt heimekontor til og med",
    notice="Oppseiing",
    notice_by_employee="Frå arbeidstakaren",
    notice_by_employer="Frå arbeidsgivaren",
    notice_by_hr="Registrert av HR",
    ended_on="Saka vart avslutta",
    reason="Grunn",
)
WORDINGS: Mapping[Language, Wording] = {"nb": BOKMAL, "nn": NYNORSK}
