"""Addresses under /patients/. Each panel has its own; no address names a template."""

from django.urls import path

from records.views import details, entries, finding, joining, letters, looking, pds, printing, record, results, timeline

app_name = "records"
urlpatterns = [
    path("", finding.find, name="find"),
    path("to-check/", finding.to_check, name="to-check"),
    path("to-check/<int:finding_id>/", finding.settle, name="settle"),
    path("<uuid:patient_id>/details/", details.details, name="details"),
    path("<uuid:patient_id>/merge/<uuid:other_id>/", joining.join, name="join"),
    path("<uuid:patient_id>/merges/<uuid:merge_id>/", joining.part, name="merge"),
    path("<uuid:patient_id>/panel/freshness/", record.freshness, name="freshness"),
    path("<uuid:patient_id>/panel/problems/", record.problems, name="problems"),
    path("<uuid:patient_id>/panel/medicines/", record.medicines, name="medicines"),
    path("<uuid:patient_id>/panel/allergies/", record.allergies, name="allergies"),
    path("<uuid:patient_id>/panel/results/", record.results, name="results"),
    path("<uuid:patient_id>/panel/timeline/", record.timeline_panel, name="timeline-panel"),
    path("<uuid:patient_id>/panel/letters/", letters.letters_panel, name="letters-panel"),
    path("<uuid:patient_id>/panel/changed/", looking.changed_panel, name="changed-panel"),
    path("<uuid:patient_id>/changed/", looking.changed, name="changed"),
    path("<uuid:patient_id>/seen/", looking.seen, name="seen"),
    path("<uuid:patient_id>/seen/not/", looking.not_seen, name="not-seen"),
    path("<uuid:patient_id>/panel/pds/", pds.panel, name="pds"),
    path("<uuid:patient_id>/pds/check/", pds.check, name="pds-check"),
    path("<uuid:patient_id>/pds/<uuid:trace_id>/decide/", pds.decide, name="pds-decide"),
    path("<uuid:patient_id>/summary/", printing.summary, name="summary"),
    path("<uuid:patient_id>/summary.pdf", printing.summary_pdf, name="summary-pdf"),
    path("<uuid:patient_id>/problems/past/", record.past_problems, name="past-problems"),
    path("<uuid:patient_id>/medicines/past/", record.past_medicines, name="past-medicines"),
    path("<uuid:patient_id>/results/", results.all_results, name="all-results"),
    path("<uuid:patient_id>/results/find/", results.find_tests, name="find-tests"),
    path("<uuid:patient_id>/results/<uuid:result_id>/", results.one_test, name="one-test"),
    path("<uuid:patient_id>/reports/", results.reports, name="reports"),
    path("<uuid:patient_id>/reports/<uuid:report_id>/", results.report, name="report"),
    path("<uuid:patient_id>/entries/", entries.kinds, name="entries"),
    path("<uuid:patient_id>/entries/<slug:kind>/", entries.of_kind, name="entries-of-kind"),
    path("<uuid:patient_id>/items/<uuid:item_id>/", entries.one, name="item"),
    path("<uuid:patient_id>/timeline/", timeline.timeline_page, name="timeline"),
    path("<uuid:patient_id>/search/", timeline.search, name="search"),
    path("<uuid:patient_id>/letters/", letters.all_letters, name="all-letters"),
    path("<uuid:patient_id>/letters/<uuid:letter_id>/", letters.letter, name="letter"),
    path("<uuid:patient_id>/letters/<uuid:letter_id>/files/<int:number>/", letters.file, name="letter-file"),
    path("<uuid:patient_id>/letters/<uuid:letter_id>/shown/<int:number>/", letters.file_shown, name="letter-shown"),
]
